-- Releases a name, if it is held as the caller believes: deletes its record.
--
-- The epoch is not compared, on purpose: this can only free what the caller's own incarnation holds in
-- the data that the script runs on, and a name that its holder gives up is to be free in every epoch.
--
-- KEYS  1 P/name/<key>   2 P/held/<incarnation>
-- ARGV  1 incarnation   2 key   3 the field that is compared: session (the login's id) or fence
--       4 its value
-- ->    released
--       kept: the name is free, or held otherwise

local record = redis.pcall('HMGET', KEYS[1], 'node', ARGV[3])
if record[1] ~= ARGV[1] then
    -- If the record was deleted or replaced by hand, the name is still among those that the caller holds.
    redis.call('HDEL', KEYS[2], ARGV[2])
    return {'kept'}
end
if record[2] ~= ARGV[4] then return {'kept'} end
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[2])
return {'released'}
