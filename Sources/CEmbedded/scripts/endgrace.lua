-- Ends a reign's grace: those who had names have had the time to claim them again.
--
-- KEYS  1 P/epoch
-- ARGV  1 epoch   2 data set
-- ->    ended · other-reign

if not reigns() then return {'other-reign'} end
redis.call('HDEL', KEYS[1], 'grace')
return {'ended'}
