-- Registers an incarnation, which it needs before it can claim. Repeating it changes nothing.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/dead   4 P/label/<incarnation>
-- ARGV  1 the epoch's number   2 its data set   3 incarnation   4 label
-- ->    roster [<incarnation> <counter> ...] [<dead incarnation> ...]
--       unregistered: the incarnation is certified dead, and never comes back
--       other-epoch: nothing was written

if not is_present_epoch() then return {'other-epoch'} end
if redis.call('SISMEMBER', KEYS[3], ARGV[3]) == 1 then return {'unregistered'} end
redis.call('HSETNX', KEYS[2], ARGV[3], 0)
redis.call('SET', KEYS[4], ARGV[4])
return {'roster', redis.call('HGETALL', KEYS[2]), redis.call('SMEMBERS', KEYS[3])}
