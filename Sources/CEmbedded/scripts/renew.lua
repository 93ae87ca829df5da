-- A heartbeat.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/dead
-- ARGV  1 epoch   2 data set   3 incarnation
-- ->    roster [<incarnation> <counter> ...] [<dead incarnation> ...]
--       unregistered: not known, or certified dead
--       other-reign

if not reigns() then return {'other-reign'} end
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then return {'unregistered'} end
redis.call('HINCRBY', KEYS[2], ARGV[3], 1)
return {'roster', redis.call('HGETALL', KEYS[2]), redis.call('SMEMBERS', KEYS[3])}
