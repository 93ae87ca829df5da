-- Counts a heartbeat of an incarnation.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/dead
-- ARGV  1 the epoch's number   2 its data set   3 incarnation
-- ->    roster [<incarnation> <counter> ...] [<dead incarnation> ...]
--       unregistered: the incarnation is not known, or is certified dead
--       other-epoch: nothing was written

if not is_present_epoch() then return {'other-epoch'} end
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then return {'unregistered'} end
redis.call('HINCRBY', KEYS[2], ARGV[3], 1)
return {'roster', redis.call('HGETALL', KEYS[2]), redis.call('SMEMBERS', KEYS[3])}
