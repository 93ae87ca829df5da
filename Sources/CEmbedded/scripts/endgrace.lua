-- Ends an epoch's grace: every node has had the time to claim its names again.
--
-- KEYS  1 P/epoch
-- ARGV  1 the epoch's number   2 its data set
-- ->    ended
--       other-epoch: nothing was written

if not is_present_epoch() then return {'other-epoch'} end
redis.call('HDEL', KEYS[1], 'grace')
return {'ended'}
