-- Declares an incarnation dead whose counter has not moved.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/dead
-- ARGV  1 epoch   2 data set   3 the caller   4 the dead one   5 its counter, as the caller saw it
-- ->    certified
--       moved: it has renewed meanwhile, or somebody else was first
--       unregistered: the caller is not known, or certified dead itself
--       other-reign

if not reigns() then return {'other-reign'} end
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then return {'unregistered'} end
if redis.call('HGET', KEYS[2], ARGV[4]) ~= ARGV[5] then return {'moved'} end
redis.call('HDEL', KEYS[2], ARGV[4])
redis.call('SADD', KEYS[3], ARGV[4])
return {'certified'}
