-- Frees names of an incarnation that is certified dead, and takes them out of the rooms that they are present
-- in: as many names as have PAIRS rooms together, and at least one. The login's id, the producer id and n stay in a
-- name's record for a while, so that the same login can claim the name again and go on counting.
--
-- KEYS  1 P/epoch   2 P/dead   3 P/held/<dead>   4 P/label/<dead>   5 ... P/name/<key>, one a key
-- ARGV  1 the epoch's number   2 its data set   3 the dead incarnation
--       4 milliseconds to keep the record of a free name, and of a silent room
--       5 the prefix of keys and channels   6 ... the names' keys
-- ->    left <names>: still held by it; at 0 nothing of the incarnation is left, and it is no longer
--         among the dead
--       not-dead: it is not, or no longer, among the dead
--       other-epoch: nothing was written

if not is_present_epoch() then return {'other-epoch'} end
if redis.call('SISMEMBER', KEYS[2], ARGV[3]) == 0 then return {'not-dead'} end
local looked_at = 0
for index = 5, #KEYS do
    local key = ARGV[index + 1]
    -- Another incarnation may hold the name by now: a name of a dead holder can be claimed. The record
    -- may also have been replaced by hand, by a key of another type: that is an error of its own.
    local record = redis.pcall('HMGET', KEYS[index], 'node', 'lineage', 'rooms')
    if record[1] == ARGV[3] then
        local rooms = rooms_in(record[3])
        if looked_at > 0 and looked_at + #rooms > PAIRS then break end
        looked_at = looked_at + #rooms
        empty(KEYS[index], redis.call('HGET', KEYS[3], key), ARGV[4])
        for _, room in ipairs(rooms) do leave(ARGV[5], room, key, record[2]) end
    end
    redis.call('HDEL', KEYS[3], key)
end
tell_presence(ARGV[5], ARGV[1], ARGV[4])
local left = redis.call('HLEN', KEYS[3])
if left == 0 then
    redis.call('SREM', KEYS[2], ARGV[3])
    redis.call('DEL', KEYS[4])
end
return {'left', left}
