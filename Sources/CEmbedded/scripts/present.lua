-- Reads who is present in a room. Writes nothing.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/here/<room>
-- ARGV  1 the epoch's number   2 its data set   3 the most names that are listed
-- ->    present <the number of the last change> <how many names>
--         then, unless they are more than are listed, the key and `lineage display` of each
--       other-epoch

if not is_present_epoch() then return {'other-epoch'} end
-- A key of another type, which was put there by hand, has no names.
local count = redis.pcall('HLEN', KEYS[3])
if type(count) == 'table' then count = 0 end
local is_listed = count > 0 and count <= tonumber(ARGV[3])
local answer = is_listed and redis.call('HGETALL', KEYS[3]) or {}
table.insert(answer, 1, 'present')
table.insert(answer, 2, redis.call('HGET', KEYS[2], 'presence') or '0')
table.insert(answer, 3, count)
return answer
