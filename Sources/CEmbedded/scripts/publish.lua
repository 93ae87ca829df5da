-- Puts a batch into one room's order, and delivers it.
--
-- KEYS  1 P/epoch   2 P/room/<room>   3 P/log/<room>   4 ... P/name/<key>, one a sender
-- ARGV  1 epoch   2 data set   3 incarnation   4 channel   5 the last seq the caller has seen
--       kept: 6 messages   7 bytes   8 milliseconds
--       9 milliseconds until a silent room is forgotten
--       10 ... session and fence, for each sender
--       then which sender (1, 2, ...), n and JSON, for each message
-- ->    verdicts <ms> <verdict> ..., one a message:
--         an integer   it stands at this seq
--         dup [<seq>]  n was accepted before; the place is known if it was the last
--         gap <n>      n is not the next one, this is
--         fenced       the name is not the sender's
--       other-reign
--
-- A sender is a key with a session and a fence: only one of a key's can be the record's, so that
-- the numbers of one name are never counted twice.

if not reigns() then return {'other-reign'} end
local EPOCH, INCARNATION, CHANNEL, LAST = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local MESSAGES, BYTES, AGE = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local FORGET = ARGV[9]
local ROOM, LOG = KEYS[2], KEYS[3]

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ms = digits(now)
local top = redis.call('HMGET', ROOM, 'seq', 'sum', 'base', 'since')
local seq, sum = tonumber(top[1] or LAST), tonumber(top[2] or 0)

local senders = {}
local argument = 10
for index = 4, #KEYS do
    local record = redis.call('HMGET', KEYS[index],
        'node', 'session', 'fence', 'lineage', 'n', 'seq')
    senders[index - 3] = record[1] == INCARNATION and record[2] == ARGV[argument]
        and record[3] == ARGV[argument + 1]
        and {fence = record[3], lineage = record[4] .. '.',
            n = tonumber(record[5]), seq = tonumber(record[6])}
    argument = argument + 2
end

local verdicts = {'verdicts', ms}
local first = seq + 1
local payload, parts = {''}, 1
local mid
for index = argument, #ARGV, 3 do
    local sender, number, json = senders[tonumber(ARGV[index])], ARGV[index + 1], ARGV[index + 2]
    local verdict
    if not sender then
        verdict = 'fenced'
    else
        local n = tonumber(number)
        if n == sender.n + 1 then
            seq = seq + 1
            sum = sum + #json
            mid = sender.lineage .. number
            redis.call('XADD', LOG, digits(seq) .. '-' .. EPOCH, 'mid', mid, 'fence', sender.fence,
                'ms', ms, 'sum', digits(sum), 'json', json)
            payload[parts + 1], payload[parts + 2], payload[parts + 3] = mid, ' ', #json
            payload[parts + 4], payload[parts + 5], payload[parts + 6] = '\n', json, '\n'
            parts = parts + 6
            sender.n, sender.seq, sender.last = n, seq, number
            verdict = seq
        elseif n > sender.n then
            verdict = 'gap ' .. digits(sender.n + 1)
        elseif n == sender.n and sender.seq > 0 then
            verdict = 'dup ' .. digits(sender.seq)
        else
            verdict = 'dup'
        end
    end
    verdicts[#verdicts + 1] = verdict
end
if not mid then return verdicts end

-- Numbers have no holes, so the oldest to be kept by count is known without a look. By bytes or
-- age nothing has to go as long as the entry that was the oldest at the last look need not: a look
-- costs a quarter of a call, and mostly none is needed for thousands of messages.
local oldest = digits(math.max(seq - MESSAGES + 1, 1))
local base, since = tonumber(top[3]), tonumber(top[4])
if base == nil or sum - base > BYTES or since < now - AGE then
    local from, count, is_kept = oldest, 1, false
    oldest, base, since = digits(seq + 1), sum, now
    repeat
        local entries = redis.call('XRANGE', LOG, from, '+', 'COUNT', count)
        for _, entry in ipairs(entries) do
            local fields = entry[2]
            local before, written = tonumber(fields[8]) - #fields[10], tonumber(fields[6])
            is_kept = sum - before <= BYTES and written >= now - AGE
            if is_kept then
                oldest, base, since = entry[1], before, written
                break
            end
            from = '(' .. entry[1]
        end
        local is_end = #entries < count
        count = math.min(count * 2, 16)
    until is_kept or is_end
    redis.call('HSET', ROOM, 'base', digits(base), 'since', digits(since))
end
if oldest ~= '1' then redis.call('XTRIM', LOG, 'MINID', '=', oldest) end

for index = 1, #senders do
    local sender = senders[index]
    if sender and sender.last then
        redis.call('HSET', KEYS[index + 3], 'n', sender.last, 'seq', digits(sender.seq))
    end
end

-- Behind the entries, so that an error before it leaves no number without one; before PUBLISH, which a
-- user may lack the right for: what is not delivered then is found by the next comparison.
redis.call('HSET', ROOM, 'seq', digits(seq), 'mid', mid, 'sum', digits(sum))
redis.call('PEXPIRE', ROOM, FORGET)
redis.call('PEXPIRE', LOG, FORGET)

payload[1] = EPOCH .. ' ' .. digits(first) .. ' ' .. digits(seq - first + 1) .. ' ' .. ms .. '\n'
redis.call('PUBLISH', CHANNEL, table.concat(payload))
return verdicts
