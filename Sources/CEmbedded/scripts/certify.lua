-- Certifies dead an incarnation whose counter has not moved.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/dead
-- ARGV  1 the epoch's number   2 its data set   3 the caller   4 the dead incarnation
--       5 its counter, as the caller has seen it
-- ->    certified
--       moved: it has renewed since, or another node has certified it before
--       unregistered: the caller is not known, or is certified dead itself
--       other-epoch: nothing was written

if not is_present_epoch() then return {'other-epoch'} end
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then return {'unregistered'} end
if redis.call('HGET', KEYS[2], ARGV[4]) ~= ARGV[5] then return {'moved'} end
redis.call('HDEL', KEYS[2], ARGV[4])
redis.call('SADD', KEYS[3], ARGV[4])
return {'certified'}
