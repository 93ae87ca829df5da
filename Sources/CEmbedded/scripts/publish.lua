-- Puts a batch into one room's order, and delivers it.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/log/<room>   4 P/held/<incarnation>
-- ARGV  1 epoch   2 data set   3 channel
--       4 the newest seq the caller has heard or was told, "": it does not hear the room   5 its mid
--       kept: 6 messages   7 bytes   8 milliseconds
--       9 milliseconds until a silent room is forgotten
--       10 the messages, as they are logged and published
--       11 whose each is: a byte a message, 0 for the first sender
--       12 the last mid
--       13 which message is each sender's last: a byte a sender, 0 for the first message
--       14 ... the senders' keys
--       then what each is held by up to the number before its first, `session fence lineage n `;
--         "-" where its numbers do not follow one another
--       then the same up to its last number
-- ->    accepted <ms> <seq of the first>: all of them
--       verdicts <ms> <verdict> ..., one a message:
--         an integer   it stands at this seq
--         dup [<seq>]  n was accepted before; the place is known if it was the last
--         gap <n>      n is not the next one, this is
--         fenced       the name is not the sender's
--       other-history: the room has no top, or ends before the caller's place, or has another message
--         there, or its log has had these numbers; nothing was written
--       other-reign
--
-- A sender is a key with a session, a fence and a lineage: only one of a key's can be what the name
-- is held by, so that the numbers of one name are never counted twice.
--
-- Lua hashes every byte of every string it is given or makes, at 1 ns each: the messages go through
-- it in one piece, and once more with their first line; of each sender as little as possible.

if not reigns() then return {'other-reign'} end
local call, digits = redis.call, digits
local EPOCH, CHANNEL = ARGV[1], ARGV[3]
local MESSAGES, BYTES, AGE = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local ROOM, LOG, HELD = KEYS[2], KEYS[3], KEYS[4]
local lasts = {string.byte(ARGV[13], 1, -1)}
local SENDERS = #lasts
local BEFORE, AFTER = 13 + SENDERS, 13 + 2 * SENDERS

local time = call('TIME')
local ms = time[1] .. string.format('%03d', time[2] / 1000)
local now = tonumber(ms)
local top = call('HMGET', ROOM, 'seq', 'sum', 'base', 'since', 'renewed', 'mid')
local seq, prev = tonumber(top[1]), top[6]
if not seq or not prev then return {'other-history'} end
if ARGV[4] ~= '' then
    local heard = tonumber(ARGV[4])
    if seq < heard or (seq == heard and prev ~= ARGV[5]) then return {'other-history'} end
end
local first = seq + 1

-- What is accepted, and what HELD is to have of the senders then.
local messages, count, mid = ARGV[10], #ARGV[11], ARGV[12]
if count == 0 then return {'verdicts', ms} end
local held = call('HMGET', HELD, unpack(ARGV, 14, BEFORE))
local marks, marked = {}, 0

local function are_next()
    local find = string.find
    for index = 1, SENDERS do
        if not held[index] or find(held[index], ARGV[BEFORE + index], 1, true) ~= 1 then
            return false
        end
        marks[marked + 1] = ARGV[13 + index]
        marks[marked + 2] = ARGV[AFTER + index] .. digits(first + lasts[index])
        marked = marked + 2
    end
    return true
end

-- The verdicts one by one, where not all are next; what is accepted is put together anew.
local function settle()
    local senders, verdicts, parts = {}, {'verdicts', ms}, {}
    for index = 1, SENDERS do
        local proof, n, seq = string.match(held[index] or '', '^(%S+ %S+ %S+ )(%d+) (%d+)$')
        if proof and proof == string.match(ARGV[AFTER + index], '^%S+ %S+ %S+ ') then
            senders[index] = {proof = proof, n = tonumber(n), seq = tonumber(seq)}
        end
    end
    local start = 1
    for index = 1, count do
        local name, number, length, body =
            string.match(messages, '^(%w+%.(%d+)) (%d+)\n()', start)
        local stop = body + length
        local n, sender = tonumber(number), senders[string.byte(ARGV[11], index) + 1]
        local verdict = 'dup'
        if not sender then
            verdict = 'fenced'
        elseif n == sender.n + 1 then
            parts[#parts + 1] = string.sub(messages, start, stop)
            verdict = seq + #parts
            sender.n, sender.seq, sender.speaks, mid = n, verdict, true, name
        elseif n > sender.n then
            verdict = 'gap ' .. digits(sender.n + 1)
        elseif n == sender.n and sender.seq > 0 then
            verdict = 'dup ' .. digits(sender.seq)
        end
        verdicts[#verdicts + 1] = verdict
        start = stop + 1
    end
    marked = 0
    for index = 1, SENDERS do
        local sender = senders[index]
        if sender and sender.speaks then
            marks[marked + 1] = ARGV[13 + index]
            marks[marked + 2] = sender.proof .. digits(sender.n) .. ' ' .. digits(sender.seq)
            marked = marked + 2
        end
    end
    messages, count = table.concat(parts), #parts
    return verdicts
end

local answer
if are_next() then
    answer = {'accepted', ms, first}
else
    answer = settle()
    if count == 0 then return answer end
end

seq = seq + count
local sum = tonumber(top[2] or 0) + #messages
local first_text, count_text, sum_text = digits(first), digits(count), digits(sum)
local added = redis.pcall('XADD', LOG, first_text .. '-' .. EPOCH, 'count', count_text, 'ms', ms,
    'sum', sum_text, 'prev', prev, 'messages', messages)
if type(added) == 'table' and added.err then
    -- The log has an entry of this number: an older top was put back.
    if string.find(added.err, 'equal or smaller', 1, true) then return {'other-history'} end
    return added
end
-- At once, so that an error in what follows leaves no entry whose number is given again.
call('HSET', ROOM, 'seq', digits(seq), 'mid', mid, 'sum', sum_text)
call('HSET', HELD, unpack(marks, 1, marked))

-- Numbers have no holes, so the oldest to be kept by count is known without a look. By bytes or
-- age nothing has to go as long as the entry that was the oldest at the last look need not: a look
-- costs a quarter of a call, and mostly none is needed for thousands of messages. An entry goes
-- whole; the newest stays, unless nothing at all is to be kept.
local oldest = math.max(seq - MESSAGES + 1, 1)
if MESSAGES > 0 then oldest = math.min(oldest, first) end
local base, since = tonumber(top[3]), tonumber(top[4])
local is_looked_at = base == nil or sum - base > BYTES or since < now - AGE
if is_looked_at then
    local from, size, is_kept = digits(oldest), 1, false
    oldest, base, since = seq + 1, sum, now
    repeat
        local entries = call('XRANGE', LOG, from, '+', 'COUNT', size)
        for _, entry in ipairs(entries) do
            local fields, number = entry[2], tonumber(string.match(entry[1], '^%d+'))
            local before, written = tonumber(fields[6]) - #fields[#fields], tonumber(fields[4])
            is_kept = number == first or (sum - before <= BYTES and written >= now - AGE)
            if is_kept then
                oldest, base, since = number, before, written
                break
            end
            from = '(' .. entry[1]
        end
        local is_end = #entries < size
        size = math.min(size * 2, 16)
    until is_kept or is_end
end
if oldest > 1 then call('XTRIM', LOG, 'MINID', '=', digits(oldest)) end

if is_looked_at then call('HSET', ROOM, 'base', digits(base), 'since', digits(since)) end

local forget = tonumber(ARGV[9])
local life = lifetime(forget)
if not top[5] or math.abs(now - top[5]) >= life - forget then
    call('HSET', ROOM, 'renewed', ms)
    call('PEXPIRE', ROOM, digits(life))
    call('PEXPIRE', LOG, digits(life))
end

-- Last, because a user may lack the right for it: what is not delivered then is found by the next
-- comparison.
call('PUBLISH', CHANNEL,
    EPOCH .. ' ' .. first_text .. ' ' .. count_text .. ' ' .. ms .. ' ' .. prev .. '\n' .. messages)
return answer
