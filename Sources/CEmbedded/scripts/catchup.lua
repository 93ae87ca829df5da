-- What a room's log has behind a position, and whether that is all there ever was.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/log/<room>
-- ARGV  1 epoch   2 data set   3 milliseconds until a silent room is forgotten
--       4 messages that are enough for an answer: the entry that they end in is the last one
--       with a position: 5 its epoch   6 its seq   7 its mid, "": none
--       8 ... seq and mid of older messages that the caller has had, newest first
-- ->    page <footing> <1: more follow> <top's seq, 0: no top> <top's mid>
--         <the number that the answer begins with: what stands before it in its entry does not belong to it>
--         then id (seq-epoch), ms and messages for each entry
--       other-reign
--
-- Footings. proven: the entries are what follows the position, without a hole. trimmed: what
-- followed it is no longer kept; they begin with the oldest that is. rewound: the position is not
-- in this history; they follow the newest of the older messages that is, or begin with the oldest
-- kept.

if not reigns() then return {'other-reign'} end
local ROOM, LOG, ENOUGH = KEYS[2], KEYS[3], tonumber(ARGV[4])
local top = redis.call('HMGET', ROOM, 'seq', 'mid')
local top_seq, top_mid = tonumber(top[1] or 0), top[2] or ''

-- Whoever asks has members there: if the top expired under them, numbers would begin anew, and
-- every node would drop them as old. A Redis that takes no writes can still be read.
if top_seq > 0 then redis.pcall('PEXPIRE', ROOM, digits(lifetime(tonumber(ARGV[3])))) end

-- The numbers of an entry's first and last message.
local function first_of(entry) return tonumber(string.match(entry[1], '^%d+')) end
local function last_of(entry) return first_of(entry) + entry[2][2] - 1 end

-- The entry in which a number stands; nil: it is not kept. An id without its second part stands for
-- every epoch.
local function entry_with(seq)
    local entry = redis.call('XREVRANGE', LOG, digits(seq), '-', 'COUNT', 1)[1]
    if entry and last_of(entry) >= seq then return entry end
end

-- Whether this very message stands at that place.
local function stands(seq, mid)
    local entry = entry_with(seq)
    if not entry then return false end
    local messages, start = entry[2][8], 1
    local name, length, body
    for _ = first_of(entry), seq do
        name, length, body = string.match(messages, '^(%S+) (%d+)\n()', start)
        start = body + length + 1
    end
    return name == mid
end

-- The number of the oldest message kept; one more than the top's where none is.
local function oldest()
    local entry = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
    return entry and first_of(entry) or top_seq + 1
end

local function page(footing, from)
    local answer = {'page', footing, 0, digits(top_seq), top_mid, digits(from)}
    if from > top_seq then return answer end
    local inner = entry_with(from)
    local start, last, is_end = inner and inner[1] or digits(from), from - 1, false
    while not is_end and last - from + 1 < ENOUGH do
        local entries = redis.call('XRANGE', LOG, start, '+', 'COUNT', 16)
        for _, entry in ipairs(entries) do
            if last - from + 1 >= ENOUGH then break end
            local count = #answer
            answer[count + 1], answer[count + 2] = entry[1], entry[2][4]
            answer[count + 3] = entry[2][8]
            last, start = last_of(entry), '(' .. entry[1]
        end
        is_end = #entries < 16
    end
    answer[3] = #answer > 6 and last < top_seq and 1 or 0
    return answer
end

if not ARGV[5] then return page('proven', top_seq + 1) end
local seq, mid = tonumber(ARGV[6]), ARGV[7]
local is_present = ARGV[5] == ARGV[1]
if top_seq == 0 then return page(seq == 0 and 'proven' or 'rewound', 1) end

if seq == 0 then
    local first = oldest()
    if not is_present then return page('rewound', first) end
    return page(first == 1 and 'proven' or 'trimmed', first)
end
if seq == top_seq and mid == top_mid then return page('proven', top_seq + 1) end
if stands(seq, mid) then return page('proven', seq + 1) end
if is_present and top_seq > seq and oldest() > seq then return page('trimmed', oldest()) end
for index = 8, #ARGV, 2 do
    local marked = tonumber(ARGV[index])
    if stands(marked, ARGV[index + 1]) then return page('rewound', marked + 1) end
end
return page('rewound', oldest())
