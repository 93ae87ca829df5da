-- Appends a batch of messages to one room's order, and delivers it.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/log/<room>   4 P/held/<incarnation>
-- ARGV  1 the epoch's number   2 its data set   3 channel
--       4 the newest seq the caller has heard or was told, "": it does not hear the room   5 its mid
--       what is kept: 6 messages   7 bytes   8 milliseconds
--       9 milliseconds until a silent room is forgotten
--       10 the messages, as they are logged and published
--       11 the sender of each message: a byte a message, 0 for the first sender
--       12 the last mid
--       13 the last message of each sender: a byte a sender, 0 for the first message
--       14 ... the senders' keys
--       then `login fence producer n ` of each sender, with the number before its first message;
--         "-" if its numbers do not follow one another
--       then the same with the number of its last message
--       then, if the only message takes another one back: the number and the mid of that one, the
--         producer that must have said it ("": any), the milliseconds in which it may be taken back, those
--         between two removals in a room, and what stands in its place from then on
-- ->    accepted <ms> <seq of the first>: all of them
--       verdicts <ms> <verdict> ..., one a message:
--         an integer   accepted, with this seq
--         dup [<seq>]  n was accepted before; its seq is known if it was the last
--         gap <n>      the message's n is not the next one, this is
--         fenced       the sender does not hold the name
--         of a removal: dup, too, if the message has been taken back before; then this n is used
--         not-found    the message is not kept, or another one has its number, or it is no chat
--         not-own      another producer has said it
--         too-late     it is too old
--         too-soon <milliseconds to wait>
--       other-history: the room has no top, or ends before the caller's position, or has another message
--         there, or its log has had these numbers; nothing was written
--       other-epoch: nothing was written
--
-- A sender is a key with a login, a fence and a producer id. Only one sender of a key can hold the name,
-- so that the numbers of one name are never counted twice.
--
-- Lua hashes every byte of every string it is given or makes, at 1 ns each: the messages pass through
-- it in one piece, and once more after their first line; of each sender as little as possible.

if not is_present_epoch() then return {'other-epoch'} end
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

-- What is accepted, and what is written into HELD for its senders.
local messages, count, mid = ARGV[10], #ARGV[11], ARGV[12]
if count == 0 then return {'verdicts', ms} end
-- Without a sender, the node itself takes a message back.
local held = SENDERS > 0 and call('HMGET', HELD, unpack(ARGV, 14, BEFORE))
local updates, update_count = {}, 0

-- Whether every message is the next one of its sender.
local function are_next()
    local find = string.find
    for index = 1, SENDERS do
        if not held[index] or find(held[index], ARGV[BEFORE + index], 1, true) ~= 1 then
            return false
        end
        updates[update_count + 1] = ARGV[13 + index]
        updates[update_count + 2] = ARGV[AFTER + index] .. digits(first + lasts[index])
        update_count = update_count + 2
    end
    return true
end

-- Returns a verdict for each message, if not all are next, and joins those that are accepted.
local function verdict_of_each()
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
            sender.n, sender.seq, sender.is_accepted, mid = n, verdict, true, name
        elseif n > sender.n then
            verdict = 'gap ' .. digits(sender.n + 1)
        elseif n == sender.n and sender.seq > 0 then
            verdict = 'dup ' .. digits(sender.seq)
        end
        verdicts[#verdicts + 1] = verdict
        start = stop + 1
    end
    update_count = 0
    for index = 1, SENDERS do
        local sender = senders[index]
        if sender and sender.is_accepted then
            updates[update_count + 1] = ARGV[13 + index]
            updates[update_count + 2] = sender.proof .. digits(sender.n) .. ' ' .. digits(sender.seq)
            update_count = update_count + 2
        end
    end
    messages, count = table.concat(parts), #parts
    return verdicts
end

local answer
if are_next() then
    answer = {'accepted', ms, first}
else
    answer = verdict_of_each()
    if count == 0 then return answer end
end

local REMOVAL = AFTER + SENDERS + 1
local removal, remove
if ARGV[REMOVAL] then
    -- Finds the message that the call takes back. Returns a verdict; or the id of the entry that has it, and
    -- its fields without the text.
    local function find(index)
        local number, name, producer = tonumber(ARGV[index]), ARGV[index + 1], ARGV[index + 2]
        local window, pause = tonumber(ARGV[index + 3]), tonumber(ARGV[index + 4])
        local blank = ARGV[index + 5]
        local last = string.format('%s-18446744073709551615', ARGV[index])
        local entry = call('XREVRANGE', LOG, last, '-', 'COUNT', 1)[1]
        if not entry then return {verdict = 'not-found'} end
        local first, fields = tonumber(string.match(entry[1], '^%d+')), entry[2]
        local all, start, mid, length, body = fields[#fields], 1
        for _ = first, number do
            mid, length, body = string.match(all, '^(%w+%.%d+) (%d+)\n()', start)
            if not mid then return {verdict = 'not-found'} end
            start = body + length + 1
        end
        if mid ~= name then return {verdict = 'not-found'} end
        if producer ~= string.sub(mid, 1, #producer) then return {verdict = 'not-own'} end
        local text = string.sub(all, body, body + length - 1)
        if text == blank then return {verdict = 'dup'} end
        if string.find(text, '{"type":"', 1, true) == 1 and string.find(text, '{"type":"chat"', 1, true) ~= 1
        then
            return {verdict = 'not-found'}
        end
        if producer ~= '' and tonumber(fields[4]) <= now - window then return {verdict = 'too-late'} end
        local wait = tonumber(call('HGET', ROOM, 'removed') or 0) + pause - now
        -- If it is longer, the clock was set back. The operator does not wait for users.
        if producer ~= '' and wait > 0 and wait <= pause then return {verdict = 'too-soon ' .. digits(wait)} end
        fields[#fields] = string.sub(all, 1, body - #length - 2) .. #blank .. '\n' .. blank
            .. string.sub(all, start - 1)
        return {id = entry[1], fields = fields}
    end

    -- Takes the text out of the log. An entry of a stream cannot be changed, and one that is deleted keeps its
    -- bytes for a while, so the log is written anew: 4 to 7 ms for 1,000 entries.
    remove = function()
        local entries = call('XRANGE', LOG, '-', '+')
        call('DEL', LOG)
        for _, entry in ipairs(entries) do
            local fields = entry[1] == removal.id and removal.fields or entry[2]
            call('XADD', LOG, entry[1], unpack(fields))
        end
        call('HSET', ROOM, 'removed', ms)
    end

    removal = find(REMOVAL)
    if removal.verdict == 'dup' and SENDERS > 0 then
        -- The number is used, and no message has it.
        call('HSET', HELD, ARGV[14], (string.gsub(updates[2], '%d+$', '0')))
    end
    if removal.verdict then return {'verdicts', ms, removal.verdict} end
end

seq = seq + count
local sum = tonumber(top[2] or 0) + #messages
local first_text, count_text, sum_text = digits(first), digits(count), digits(sum)
local id = first_text .. '-' .. EPOCH
local added = redis.pcall('XADD', LOG, id, 'count', count_text, 'ms', ms,
    'sum', sum_text, 'prev', prev, 'messages', messages)
if type(added) == 'table' and added.err then
    -- The log has an entry with this number already: an older top was put back.
    if string.find(added.err, 'equal or smaller', 1, true) then return {'other-history'} end
    return added
end
-- Written at once, so that no number is given again after an error in what follows.
call('HSET', ROOM, 'seq', digits(seq), 'mid', mid, 'sum', sum_text)
if SENDERS > 0 then call('HSET', HELD, unpack(updates, 1, update_count)) end
if removal then remove() end

-- Numbers have no holes, so the oldest message to keep by count is known without reading the log. By
-- bytes or age nothing is removed while the entry that was the oldest at the last look can stay: a look
-- costs a quarter of a call, and is mostly not needed for thousands of messages. An entry is removed as
-- a whole; the newest stays, unless nothing at all is to be kept. Entries of several epochs can have one
-- number, after an older top was put back: only its id tells the newest from them.
local oldest_number = math.max(seq - MESSAGES + 1, 1)
local oldest = digits(oldest_number)
if MESSAGES > 0 and oldest_number > first then oldest = id end
local base, since = tonumber(top[3]), tonumber(top[4])
local is_looked_at = base == nil or removal or sum - base > BYTES or since < now - AGE
if is_looked_at then
    local from, size, is_kept = oldest, 1, false
    repeat
        local entries = call('XRANGE', LOG, from, '+', 'COUNT', size)
        for _, entry in ipairs(entries) do
            local fields = entry[2]
            local before, written = tonumber(fields[6]) - #fields[#fields], tonumber(fields[4])
            is_kept = entry[1] == id or (sum - before <= BYTES and written >= now - AGE)
            if is_kept then
                -- If no entry before it has to go, `oldest` is right already.
                if from ~= oldest then oldest = entry[1] end
                base, since = before, written
                break
            end
            from = '(' .. entry[1]
        end
        local is_end = #entries < size
        size = math.min(size * 2, 16)
    until is_kept or is_end
    if not is_kept then oldest, base, since = digits(seq + 1), sum, now end
end
if oldest ~= '1' then call('XTRIM', LOG, 'MINID', '=', oldest) end

if is_looked_at then call('HSET', ROOM, 'base', digits(base), 'since', digits(since)) end

local forget = tonumber(ARGV[9])
local life = lifetime(forget)
if removal or not top[5] or math.abs(now - top[5]) >= life - forget then
    call('HSET', ROOM, 'renewed', ms)
    call('PEXPIRE', ROOM, digits(life))
    call('PEXPIRE', LOG, digits(life))
end

-- Comes last, because Redis may not permit it to the node's user: then the nodes find the messages when
-- they next compare a room's top.
call('PUBLISH', CHANNEL,
    EPOCH .. ' ' .. first_text .. ' ' .. count_text .. ' ' .. ms .. ' ' .. prev .. '\n' .. messages)
return answer
