-- Frees a name, if it is still what the caller believes.
--
-- No reign is compared, on purpose: this can only free what the caller's own incarnation holds in
-- the data it is run on, and a name that its holder wants free is to be free in every reign.
--
-- KEYS  1 P/name/<key>   2 P/held/<incarnation>
-- ARGV  1 incarnation   2 key   3 which field must hold: session or fence   4 what it must be
-- ->    released
--       kept: it is not held, or by somebody else

local record = redis.call('HMGET', KEYS[1], 'node', ARGV[3])
if record[1] ~= ARGV[1] then
    -- Nor does it stay among what the caller holds, where the record was taken away by hand.
    redis.call('HDEL', KEYS[2], ARGV[2])
    return {'kept'}
end
if record[2] ~= ARGV[4] then return {'kept'} end
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[2])
return {'released'}
