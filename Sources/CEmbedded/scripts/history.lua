-- Reads what a room's log has up to a number, newest first. Writes nothing, and asks for no epoch: who
-- reads compares the mid of the newest message with its own.
--
-- KEYS  1 P/log/<room>
-- ARGV  1 the number   2 messages that are enough for an answer: the entry that reaches them is the last
-- ->    history <1: more is kept before that>, then id (seq-epoch), ms, prev and messages for each entry.
--         The first may go on after the number

local LOG, UP_TO, ENOUGH = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local answer, found, start = {'history', 0}, 0, ARGV[1]
while true do
    local entries = redis.call('XREVRANGE', LOG, start, '-', 'COUNT', 16)
    for _, entry in ipairs(entries) do
        -- One that version 2 wrote has no prev, and does not count as kept.
        if #entry[2] == 10 then
            if found >= ENOUGH then
                answer[2] = 1
                return answer
            end
            local first = tonumber(string.match(entry[1], '^%d+'))
            found = found + math.min(first + entry[2][2] - 1, UP_TO) - first + 1
            local count = #answer
            answer[count + 1], answer[count + 2] = entry[1], entry[2][4]
            answer[count + 3], answer[count + 4] = entry[2][8], entry[2][10]
        end
        start = '(' .. entry[1]
    end
    if #entries < 16 then return answer end
end
