-- Makes an incarnation known, before it may claim. Repeating it changes nothing.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/dead   4 P/label/<incarnation>
-- ARGV  1 epoch   2 data set   3 incarnation   4 label
-- ->    roster [<incarnation> <counter> ...] [<dead incarnation> ...]
--       unregistered: it was certified dead, and never comes back
--       other-reign

if not reigns() then return {'other-reign'} end
if redis.call('SISMEMBER', KEYS[3], ARGV[3]) == 1 then return {'unregistered'} end
redis.call('HSETNX', KEYS[2], ARGV[3], 0)
redis.call('SET', KEYS[4], ARGV[4])
return {'roster', redis.call('HGETALL', KEYS[2]), redis.call('SMEMBERS', KEYS[3])}
