-- What a room's log has behind a position, and whether that is all there ever was.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/log/<room>
-- ARGV  1 epoch   2 data set   3 milliseconds until a silent room is forgotten
--       4 entries an answer
--       with a position: 5 its epoch   6 its seq   7 its mid, "": none
--       8 ... seq and mid of older messages that the caller has had, newest first
-- ->    page <footing> <1: more follow> <top's seq, 0: no top> <top's mid>
--         then id (seq-epoch), mid, fence, ms and JSON for each entry
--       other-reign
--
-- Footings. proven: the entries are what follows the position, without a hole. trimmed: what
-- followed it is no longer kept; they begin with the oldest that is. rewound: the position is not
-- in this history; they follow the newest of the older messages that is, or begin with the oldest
-- kept.

if not reigns() then return {'other-reign'} end
local ROOM, LOG, LIMIT = KEYS[2], KEYS[3], ARGV[4]
local top = redis.call('HMGET', ROOM, 'seq', 'mid')
local top_seq, top_mid = tonumber(top[1] or 0), top[2] or ''

-- Whoever asks has members there: if the top expired under them, numbers would begin anew, and
-- every node would drop them as old. A Redis that takes no writes can still be read.
if top_seq > 0 then redis.pcall('PEXPIRE', ROOM, ARGV[3]) end

local function number(entry) return tonumber(string.match(entry[1], '^%d+')) end

-- An id without its second part stands for every epoch.
local function stands(seq, mid)
    local entry = redis.call('XRANGE', LOG, seq, seq, 'COUNT', 1)[1]
    return entry ~= nil and entry[2][2] == mid
end

local function page(footing, entries)
    local last = entries[#entries]
    local has_more = last and number(last) < top_seq
    local answer = {'page', footing, has_more and 1 or 0, digits(top_seq), top_mid}
    for _, entry in ipairs(entries) do
        local fields, count = entry[2], #answer
        answer[count + 1], answer[count + 2], answer[count + 3] = entry[1], fields[2], fields[4]
        answer[count + 4], answer[count + 5] = fields[6], fields[10]
    end
    return answer
end

local function from_oldest() return redis.call('XRANGE', LOG, '-', '+', 'COUNT', LIMIT) end

local function behind(seq)
    return redis.call('XRANGE', LOG, digits(tonumber(seq) + 1), '+', 'COUNT', LIMIT)
end

if not ARGV[5] then return page('proven', {}) end
local seq, mid = tonumber(ARGV[6]), ARGV[7]
local is_present = ARGV[5] == ARGV[1]
if top_seq == 0 then return page(seq == 0 and 'proven' or 'rewound', {}) end

if seq == 0 then
    local entries = from_oldest()
    if not is_present then return page('rewound', entries) end
    local is_whole = entries[1] and number(entries[1]) == 1
    return page(is_whole and 'proven' or 'trimmed', entries)
end
if seq == top_seq and mid == top_mid then return page('proven', {}) end
if stands(ARGV[6], mid) then return page('proven', behind(seq)) end

if is_present and top_seq > seq then
    local entries = from_oldest()
    if not entries[1] or number(entries[1]) > seq then return page('trimmed', entries) end
end
for index = 8, #ARGV, 2 do
    if stands(ARGV[index], ARGV[index + 1]) then return page('rewound', behind(ARGV[index])) end
end
return page('rewound', from_oldest())
