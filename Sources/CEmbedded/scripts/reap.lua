-- Frees names of an incarnation that was certified dead. Session, lineage and n stay for a while,
-- so that the owner may come back to where it was.
--
-- KEYS  1 P/epoch   2 P/dead   3 P/held/<dead>   4 P/label/<dead>   5 ... P/name/<key>, one a key
-- ARGV  1 epoch   2 data set   3 the dead incarnation   4 milliseconds to keep a free record
--       5 ... the keys
-- ->    left <names>: at 0 nothing of it is left, and it is off the list of the dead
--       not-dead · other-reign

if not reigns() then return {'other-reign'} end
if redis.call('SISMEMBER', KEYS[2], ARGV[3]) == 0 then return {'not-dead'} end
for index = 5, #KEYS do
    -- Somebody may have claimed it since: a dead holder holds nothing.
    if redis.call('HGET', KEYS[index], 'node') == ARGV[3] then
        local n, seq = last_of_name(redis.call('HGET', KEYS[3], ARGV[index]))
        redis.call('HSET', KEYS[index], 'node', '', 'n', digits(n), 'seq', digits(seq))
        redis.call('PEXPIRE', KEYS[index], ARGV[4])
    end
    redis.call('HDEL', KEYS[3], ARGV[index])
end
local left = redis.call('HLEN', KEYS[3])
if left == 0 then
    redis.call('SREM', KEYS[2], ARGV[3])
    redis.call('DEL', KEYS[4])
end
return {'left', left}
