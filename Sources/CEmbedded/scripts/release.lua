-- Gives a name up, if it is held as the caller believes.
--
-- The epoch is not compared, on purpose: this can only free what the caller's own incarnation holds in
-- the data that the script runs on, and a name that its holder gives up is to be free in every epoch.
--
-- KEYS  1 P/name/<key>   2 P/held/<incarnation>
-- ARGV  1 incarnation   2 key   3 the field that is compared: session (the login's id) or fence
--       4 its value
--       5 what becomes of the name: `delete` it is free, and its record is deleted; `empty` it is free,
--         and its record is kept for the user who comes back; `linger` it is still held, by a login whose
--         socket is gone
--       6 milliseconds to keep the record of a free name
-- ->    released
--       kept: the name is free, or held otherwise

local NAME, HELD, key, action = KEYS[1], KEYS[2], ARGV[2], ARGV[5]
local record = redis.pcall('HMGET', NAME, 'node', ARGV[3])
if record[1] ~= ARGV[1] then
    -- If the record was deleted or replaced by hand, the name is still among those that the caller holds.
    redis.call('HDEL', HELD, key)
    return {'kept'}
end
if record[2] ~= ARGV[4] then return {'kept'} end
if action == 'linger' then
    redis.call('HSET', NAME, 'linger', '1')
    return {'released'}
end
if action == 'empty' then
    empty(NAME, redis.call('HGET', HELD, key), ARGV[6])
else
    redis.call('DEL', NAME)
end
redis.call('HDEL', HELD, key)
return {'released'}
