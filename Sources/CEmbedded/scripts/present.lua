-- Reads who is present in a room. Writes nothing.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/here/<room>
-- ARGV  1 the epoch's number   2 its data set   3 the most names that are listed
-- ->    present <the number of the last change> <how many names>
--         then, unless they are more than are listed, the key and `lineage display` of each
--       other-epoch

if not is_present_epoch() then return {'other-epoch'} end
local count = redis.call('HLEN', KEYS[3])
local answer = count > tonumber(ARGV[3]) and {} or redis.call('HGETALL', KEYS[3])
table.insert(answer, 1, 'present')
table.insert(answer, 2, redis.call('HGET', KEYS[2], 'presence') or '0')
table.insert(answer, 3, count)
return answer
