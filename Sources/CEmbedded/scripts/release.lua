-- Gives a name up, if it is held as the caller believes.
--
-- The epoch is not compared, on purpose: this can only free what the caller's own incarnation holds in
-- the data that the script runs on, and a name that its holder gives up is to be free in every epoch.
--
-- A name that is free afterwards is present in no room any more.
--
-- KEYS  1 P/name/<key>   2 P/held/<incarnation>   3 P/epoch
-- ARGV  1 incarnation   2 key   3 the field that is compared: session (the login's id) or fence
--       4 its value
--       5 what becomes of the name: `delete` it is free, and its record is deleted, or, if the name has
--         passed from another login, all of it but its fence and epoch; `empty` it is free,
--         and its record is kept for the user who comes back; `linger` it is still held, by a login whose
--         socket is gone
--       6 milliseconds to keep the record of a free name, and of a silent room
--       7 the prefix of keys and channels
-- ->    released
--       kept: the name is free, or held otherwise

local NAME, HELD, key, action = KEYS[1], KEYS[2], ARGV[2], ARGV[5]
local record = redis.pcall('HMGET', NAME, 'node', ARGV[3], 'lineage', 'rooms',
    'before', 'passed')
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
elseif record[5] or record[6] then
    for _, field in ipairs(redis.call('HKEYS', NAME)) do
        if field ~= 'fence' and field ~= 'epoch' then redis.call('HDEL', NAME, field) end
    end
    redis.call('HSET', NAME, 'passed', '1')
    redis.call('PEXPIRE', NAME, ARGV[6])
else
    redis.call('DEL', NAME)
end
redis.call('HDEL', HELD, key)
if record[3] and record[4] then
    for _, room in ipairs(rooms_in(record[4])) do leave(ARGV[7], room, key, record[3]) end
    tell_presence(ARGV[7], redis.call('HGET', KEYS[3], 'epoch') or '0', ARGV[6])
end
return {'released'}
