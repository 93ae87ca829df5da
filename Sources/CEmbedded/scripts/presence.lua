-- Has names of one process join and leave rooms, one name after the other.
--
-- KEYS  1 P/epoch   2 P/held/<incarnation>   3 ... P/name/<key> of each name
-- ARGV  1 the epoch's number   2 its data set   3 incarnation   4 the prefix of keys and channels
--       5 milliseconds until a silent room is forgotten
--       6 ... seven of each name: the key, the login's id, the fence, the producer id, the display form, the
--         rooms that it leaves, and those that it joins, with a space between two
-- ->    verdicts <verdict> ..., one a name:
--         done
--         fenced: the login does not hold the name; nothing was written for it
--       other-epoch: nothing was written

if not is_present_epoch() then return {'other-epoch'} end
local FIRST_NAME, FIRST, WIDTH = 3, 6, 7
local HELD, PREFIX = KEYS[2], ARGV[4]

-- Returns the rooms of a name's record without those that it leaves, and with those that it joins.
local function changed_rooms(text, left, joined)
    local rooms, is_left, is_listed = {}, {}, {}
    for _, room in ipairs(left) do is_left[room] = true end
    for _, room in ipairs(rooms_in(text)) do
        if not is_left[room] then
            rooms[#rooms + 1] = room
            is_listed[room] = true
        end
    end
    for _, room in ipairs(joined) do
        if not is_listed[room] then rooms[#rooms + 1] = room end
        is_listed[room] = true
    end
    return rooms
end

local answer = {'verdicts'}
for index = 0, #KEYS - FIRST_NAME do
    local at, NAME = FIRST + index * WIDTH, KEYS[FIRST_NAME + index]
    local key, producer, display = ARGV[at], ARGV[at + 3], ARGV[at + 4]
    local record = redis.pcall('HMGET', NAME, 'node', 'rooms')
    local proof = holding(ARGV[at + 1], tonumber(ARGV[at + 2]), producer)
    local held = redis.call('HGET', HELD, key)
    if not held or string.find(held, proof, 1, true) ~= 1 or record[1] ~= ARGV[3] then
        answer[index + 2] = {'fenced'}
    else
        local left, joined = rooms_in(ARGV[at + 5]), rooms_in(ARGV[at + 6])
        local rooms = changed_rooms(record[2], left, joined)
        if #rooms > 0 then
            redis.call('HSET', NAME, 'rooms', table.concat(rooms, ' '))
        else
            redis.call('HDEL', NAME, 'rooms')
        end
        for _, room in ipairs(left) do leave(PREFIX, room, key, producer) end
        for _, room in ipairs(joined) do join(PREFIX, room, key, producer, display) end
        answer[index + 2] = {'done'}
    end
end
tell_presence(PREFIX, ARGV[1], ARGV[5])
return answer
