-- Reads what a room's log has after a position, and tells whether that is all there ever was. Corrects
-- the room's top first, if it is missing or older than the log: until then publish.lua accepts nothing.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/log/<room>   4 P/here/<room>
-- ARGV  1 the epoch's number   2 its data set   3 milliseconds until a silent room is forgotten
--       4 messages that are enough for an answer: the entry that they end in is the last one
--       5 the mid of the room's beginning, if it begins now
--       only with a position: 6 its epoch's number   7 its seq   8 its mid
--       9 seq of the top that the position is to replace, "-": of none, "": nothing is replaced
--       10 its mid   11 the mid that replaces it: the position's, or the birth (5) if the caller may lack
--         messages that others have had
--       12 ... seq and mid of older messages that the caller has had, newest first
-- ->    page <continuity> <1: more follow> <top's seq> <top's mid, "": no top>
--         <the number that the answer begins with: earlier messages of its entry do not belong to it>
--         <the number of the last change of who is present, 0: there was none>
--         then id (seq-epoch), ms, prev and messages for each entry
--       other-epoch: nothing was written
--
-- The continuity is proven if the entries are what follows the position, without a hole; trimmed if
-- what followed it is no longer kept, and the entries begin with the next that is; rewound if the
-- position is not in this history, and the entries follow the newest of the older messages that is, or
-- begin with the oldest kept.
--
-- A number can have been given twice, after an older top was put back: then an entry begins before the
-- end of the one before it, and follows an older message.

if not is_present_epoch() then return {'other-epoch'} end
local ROOM, LOG, ENOUGH = KEYS[2], KEYS[3], tonumber(ARGV[4])
local epoch, seq, mid = ARGV[6], tonumber(ARGV[7]), ARGV[8]

-- Whether an entry counts as kept. One that version 2 wrote has no prev, and does not; it may be left in
-- data that version 3 has taken over.
local function is_read(entry) return #entry[2] == 10 end

-- Return the numbers of an entry's first and last message, and the mid before its first.
local function first_of(entry) return tonumber(string.match(entry[1], '^%d+')) end
local function last_of(entry) return first_of(entry) + entry[2][2] - 1 end
local function prev_of(entry) return entry[2][8] end

-- Returns the mid of an entry's message with a number.
local function mid_in(entry, number)
    local messages, start = entry[2][#entry[2]], 1
    local mid, length, body
    for _ = first_of(entry), number do
        mid, length, body = string.match(messages, '^(%S+) (%d+)\n()', start)
        start = body + length + 1
    end
    return mid
end

-- Returns the seq of the newest entry that was ever added, kept or not; 0: none was.
local function given()
    if redis.call('EXISTS', LOG) == 0 then return 0 end
    local info = redis.call('XINFO', 'STREAM', LOG)
    for index = 1, #info, 2 do
        if info[index] == 'last-generated-id' then
            return tonumber(string.match(info[index + 1], '^%d+'))
        end
    end
    return 0
end

local top = redis.call('HMGET', ROOM, 'seq', 'mid', 'presence')
local top_seq, top_mid, presence = tonumber(top[1]), top[2], top[3] or '0'
if not top_mid then top_seq = nil end

-- Writes another top of the room, and forgets what was known of the log's oldest entry. Returns Redis's
-- error if it accepts no writes.
local function put_top(new_seq, new_mid, sum)
    local written = redis.pcall('HSET', ROOM, 'seq', digits(new_seq), 'mid', new_mid,
        'sum', sum or redis.call('HGET', ROOM, 'sum') or '0')
    if type(written) == 'table' and written.err then return written end
    redis.call('HDEL', ROOM, 'base', 'since', 'renewed')
    top_seq, top_mid = new_seq, new_mid
end

-- Whether the top may be replaced by another one: by a higher number, or a birth by a message with the
-- same number. So no two callers replace each other's for ever.
local function gives_way(new_seq, new_mid)
    if not top_seq or new_seq > top_seq then return true end
    return new_seq == top_seq and string.find(top_mid, '%.0$') and not string.find(new_mid, '%.0$')
end

-- Corrects the top: to the log's end if that is further on; to the caller's position, or a birth in its
-- place, if the caller asks for that and the top is still the one it was told; to the room's beginning if
-- nothing else is known. Returns Redis's error, if any.
local function correct_top()
    local newest = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
    local log_end = newest and last_of(newest)
    if log_end and (not top_seq or log_end > top_seq) then
        return put_top(log_end, mid_in(newest, log_end), newest[2][6])
    end
    local given = given()
    local is_found = ARGV[9] and ARGV[9] ~= '' and
        (ARGV[9] == '-' and not top_seq or tonumber(ARGV[9]) == top_seq and ARGV[10] == top_mid)
    if is_found and seq >= given and gives_way(seq, ARGV[11]) then return put_top(seq, ARGV[11]) end
    if (not top_seq and not seq) or given > math.max(top_seq or 0, seq or 0) then
        return put_top(given, ARGV[5])
    end
end

local refused = correct_top()
if refused then return refused end
if not top_seq then return {'page', 'rewound', 0, '0', '', '1', presence} end

-- The calling node has members in the room: if the top expired, numbers would begin anew. An error is
-- ignored, because a Redis that accepts no writes can still be read.
redis.pcall('PEXPIRE', ROOM, digits(lifetime(tonumber(ARGV[3]))))
redis.pcall('PEXPIRE', KEYS[4], digits(lifetime(tonumber(ARGV[3]))))

-- Returns the entry that has a number; nil: it is not kept. An id without its second part stands for
-- every epoch.
local function entry_with(number)
    local entry = redis.call('XREVRANGE', LOG, digits(number), '-', 'COUNT', 1)[1]
    if entry and is_read(entry) and last_of(entry) >= number then return entry end
end

-- Whether the message with this mid has that number: its entry is kept, or the one that follows it.
local function is_at(number, mid)
    local entry = entry_with(number)
    if entry and mid_in(entry, number) == mid then return true end
    local following = entry_with(number + 1)
    return following and first_of(following) == number + 1 and prev_of(following) == mid
end

-- Returns the number of the first message that is kept, from a number on; one more than the top's if
-- none is.
local function next_from(number)
    if number > 0 and entry_with(number) then return number end
    local start = digits(number)
    while true do
        local entries = redis.call('XRANGE', LOG, start, '+', 'COUNT', 16)
        for _, entry in ipairs(entries) do
            if is_read(entry) then return first_of(entry) end
            start = '(' .. entry[1]
        end
        if #entries < 16 then return top_seq + 1 end
    end
end

-- Returns the answer whose entries begin with a number.
local function page(continuity, from)
    local answer = {'page', continuity, 0, digits(top_seq), top_mid, digits(from), presence}
    local inner = entry_with(from)
    if not inner then return answer end
    local start, last, is_end = inner[1], nil, false
    while not is_end do
        local entries = redis.call('XRANGE', LOG, start, '+', 'COUNT', 16)
        for _, entry in ipairs(entries) do
            local first = first_of(entry)
            -- A hole ends the answer. An entry that gives a number a second time does not.
            if last and first > last and (last + 1 >= from + ENOUGH or first > last + 1) then
                answer[3] = 1
                return answer
            end
            local count = #answer
            answer[count + 1], answer[count + 2] = entry[1], entry[2][4]
            answer[count + 3], answer[count + 4] = prev_of(entry), entry[2][10]
            last, start = last_of(entry), '(' .. entry[1]
        end
        is_end = #entries < 16
    end
    return answer
end

if not seq then return page('proven', top_seq + 1) end
if seq == top_seq and mid == top_mid then return page('proven', top_seq + 1) end
if is_at(seq, mid) then
    local from = next_from(seq + 1)
    return page(from == seq + 1 and 'proven' or 'trimmed', from)
end
local oldest = next_from(0)
if epoch == ARGV[1] and seq < top_seq and oldest > seq + 1 then return page('trimmed', oldest) end
for index = 12, #ARGV, 2 do
    local marked = tonumber(ARGV[index])
    if is_at(marked, ARGV[index + 1]) then return page('rewound', next_from(marked + 1)) end
end
return page('rewound', oldest)
