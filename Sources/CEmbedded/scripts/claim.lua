-- Claims names for logins of one process: each for a new login, which may bring the id of an earlier
-- login of the same user and takes its name over then, or again for a login that has held it.
-- The claims are carried out one after the other; each sees what those before it have written.
--
-- The decisive write is SETNX's: HSETNX of `node` in the name's record, the field of the holder, which
-- is absent while the name is free. The first writer wins. A holder that is certified dead is taken out
-- first. A login that claims its name again proves by its id that the name is its own.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/held/<incarnation>   4 P/dead   5 ... P/name/<key> of each claim
-- ARGV  1 the epoch's number   2 its data set   3 incarnation   4 the prefix of keys and channels
--       5 milliseconds until a silent room is forgotten   6 the number of the call on its loop
--       7 ... eleven of each claim: the key, the login's id, the producer id, the display form, the id of
--         the login that it takes over from ("": of none), and, only if the name is claimed again
--         (otherwise ""): the fence that was granted, the highest n known to be accepted, its seq (0: not
--         known), the number of the epoch that granted the fence, the n up to which others may have heard
--         messages that the record does not count (0: none); then the rooms that the name is to be present in,
--         with a space between two: of a new login in addition to those that it has, of a name that is claimed
--         again all
-- ->    verdicts <verdict> ..., one a claim, each an array:
--         granted <fence> <producer id> <n> <seq> <rooms>: if it is granted anew, with the claim's own
--           producer id and 0. The rooms are those that the name of a new login was present in before
--         taken: another login holds the name
--         successor-stands: the login that has taken the name over from the one that is the proof holds
--           it, and its socket still stands
--         grace: only names that are claimed again are granted now
--         lost: the name claimed again belongs to another user's login
--         replaced: the name claimed again belongs to a newer login of the same user
--         refused <text>: the name's record is damaged; nothing was written for this claim
--         later: the claims before it have had as many rooms as one call may look at; nothing was written
--       unregistered: the incarnation is not known
--       other-epoch: nothing was written
--
-- An error that would meet every claim, as that of a Redis without memory, is the answer to the call:
-- such errors come with the first write of a script, or not at all.
--
-- It uses a key that it does not declare: P/held/<incarnation> of the holder that a record names, which the
-- caller cannot know. A Redis that is not a cluster permits it.

if not is_present_epoch() then return {'other-epoch'} end
local call, digits = redis.call, digits
local EPOCH, NODES, HELD, DEAD = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local FIRST_NAME, FIRST, WIDTH = 5, 7, 11
local incarnation, PREFIX, NUMBER = ARGV[3], ARGV[4], ARGV[6]
local STEM, CHANNEL_STEM = PREFIX .. '/held/', PREFIX .. '@'
if call('HEXISTS', NODES, incarnation) == 0 then return {'unregistered'} end
-- One of these of another kind is to end the call before anything is written.
call('HLEN', HELD)
call('SCARD', DEAD)

local epoch = tonumber(ARGV[1])
local state = call('HMGET', EPOCH, 'grace', 'fence')
local is_grace, counter = state[1] == '1', tonumber(state[2] or 0)

local function granted(fence, producer, n, seq, rooms)
    return {'granted', digits(fence), producer, digits(n), digits(seq), rooms or ''}
end

-- Returns a fence above every fence given, and above the one the caller knows: after a loss of data the
-- counter may be lower.
local function next_fence(known)
    counter = math.max(counter, known or 0) + 1
    call('HSET', EPOCH, 'fence', digits(counter))
    return counter
end

-- Returns the text of an error that concerns one key alone; any other ends the call.
local function wrong_type(reply)
    if string.find(reply.err, 'WRONGTYPE', 1, true) ~= 1 then error(reply) end
    return reply.err
end

-- Reads the record of a name. Returns nil and what is wrong if it cannot be used for the claim.
local function read(NAME, key, is_again)
    local stored = redis.pcall('HMGET', NAME,
        'node', 'session', 'before', 'lineage', 'fence', 'epoch', 'n', 'seq', 'linger',
        'rooms', 'passed', 'call', 'reserved')
    if stored.err then return nil, wrong_type(stored) end
    local record = {
        holder = stored[1], login = stored[2], before = stored[3], producer = stored[4],
        fence = tonumber(stored[5]), epoch = tonumber(stored[6]),
        n = tonumber(stored[7] or 0), seq = tonumber(stored[8] or 0), is_lingering = stored[9] == '1',
        rooms_text = stored[10] or '', rooms = rooms_in(stored[10]),
        has_passed = stored[11], call = tonumber(stored[12] or 0), reserved = 0,
    }
    -- A version 7 without this field has left it, if the name has passed to another login there.
    local reserving, reserved = string.match(stored[13] or '', '^(%S+) (%d+)$')
    if reserving == record.login then record.reserved = tonumber(reserved) end
    -- Version 3 wrote an empty holder into the record of a free name.
    record.is_empty = record.holder == ''
    if record.is_empty then record.holder = false end
    if record.holder then
        local last = redis.pcall('HGET', STEM .. record.holder, key)
        if type(last) == 'table' then return nil, wrong_type(last) end
        record.n, record.seq = last_of_name(last)
    end
    local is_used = record.holder or (is_again and record.login)
    record.is_whole = record.login and record.producer and record.fence and record.epoch
        and record.n and record.seq
    if is_used and not record.is_whole then return nil, 'a field is missing or is no number' end
    return record
end

-- Takes the holder, if any, out of the record, so that the name is free. Call next_fence before: if
-- Redis has no memory left, it refuses a script's first write, but never an HDEL, and no write after
-- the first.
local function evict(claim, holder)
    call('HDEL', claim.NAME, 'node')
    if holder then call('HDEL', STEM .. holder, claim.key) end
end

-- Writes what publishing compares, and keeps the record for as long as the name is held.
local function hold(claim, fence, producer, n, seq, rooms)
    call('HSET', HELD, claim.key,
        holding(claim.login, fence, producer) .. digits(n) .. ' ' .. digits(seq))
    call('PERSIST', claim.NAME)
    return granted(fence, producer, n, seq, rooms)
end

-- Writes the rooms of a name's record.
local function put_rooms(claim, rooms)
    if #rooms > 0 then
        call('HSET', claim.NAME, 'rooms', table.concat(rooms, ' '))
    else
        call('HDEL', claim.NAME, 'rooms')
    end
end

-- Notes up to which n others may have heard messages of the login that the record does not count.
local function reserve(claim, n)
    call('HSET', claim.NAME, 'reserved', claim.login .. ' ' .. digits(n))
end

-- Returns whether a list has a room.
local function has(rooms, room)
    for _, other in ipairs(rooms) do
        if other == room then return true end
    end
    return false
end

-- Takes the name if it is free, takes its earlier holder out of the rooms that it was present in, and
-- deletes all that its record has of it. Returns nil if the name is held.
local function take(claim, record, fence, n, seq, reserved)
    if call('HSETNX', claim.NAME, 'node', incarnation) == 0 then return nil end
    if record.producer then
        for _, room in ipairs(record.rooms) do leave(PREFIX, room, claim.key, record.producer) end
    end
    for _, field in ipairs(call('HKEYS', claim.NAME)) do
        if field ~= 'node' then call('HDEL', claim.NAME, field) end
    end
    fence = fence or next_fence()
    call('HSET', claim.NAME, 'session', claim.login, 'lineage', claim.producer,
        'fence', digits(fence), 'epoch', ARGV[1], 'call', NUMBER, 'display', claim.display)
    if record.login or record.has_passed then call('HSET', claim.NAME, 'passed', '1') end
    if reserved > 0 then reserve(claim, reserved) end
    if #claim.rooms > 0 then put_rooms(claim, claim.rooms) end
    for _, room in ipairs(claim.rooms) do
        join(PREFIX, room, claim.key, claim.producer, claim.display)
    end
    return hold(claim, fence, claim.producer, n, seq)
end

-- Whether a claim proves that the record is its user's. The login before the present one does so only
-- while the present one's socket is gone: perhaps its user was never told of it.
local function is_proven(claim, record)
    if claim.proof == '' or not record.is_whole then return false end
    if record.login == claim.proof then return true end
    if record.before ~= claim.proof then return false end
    return not record.holder or record.is_lingering or call('SISMEMBER', DEAD, record.holder) == 1
end

-- Grants the name to a newer login of its user: it goes on where the name is, above the numbers that are
-- reserved, and stays in its rooms. A record of an older epoch may lack the newest messages, after a loss of
-- data: then the numbers go on where the record is, under another producer id, so that no mid is given twice.
-- The process of the login before is told; an error is ignored, because its login can do nothing any more.
local function take_over(claim, record)
    local fence, holder, producer = next_fence(), record.holder, record.producer
    local n, seq = record.n, record.seq
    if record.epoch < epoch then
        producer = claim.producer
    elseif record.reserved > n then
        n, seq = record.reserved, 0
    end
    evict(claim, holder)
    call('HSET', claim.NAME, 'node', incarnation, 'session', claim.login, 'before', claim.proof,
        'lineage', producer, 'fence', digits(fence), 'epoch', ARGV[1], 'call', NUMBER,
        'display', claim.display)
    call('HDEL', claim.NAME, 'linger', 'reserved')
    local rooms = {unpack(record.rooms)}
    for _, room in ipairs(claim.rooms) do
        if not has(rooms, room) then rooms[#rooms + 1] = room end
    end
    if #rooms > #record.rooms then put_rooms(claim, rooms) end
    -- With the same lineage those of the record have nothing to be changed.
    for index = producer == record.producer and #record.rooms + 1 or 1, #rooms do
        join(PREFIX, rooms[index], claim.key, producer, claim.display)
    end
    local answer = hold(claim, fence, producer, n, seq, record.rooms_text)
    if holder then redis.pcall('PUBLISH', CHANNEL_STEM .. holder, 'replaced ' .. record.login) end
    return answer
end

-- Claims a name for a new login.
local function claim_new(claim, record)
    local holder = record.holder
    -- The answer to this very claim was lost. In the grace a claim of an older epoch does not count.
    if holder == incarnation and record.login == claim.login
        and (record.epoch == epoch or not is_grace) then
        return granted(record.fence, record.producer, record.n, record.seq, record.rooms_text)
    end
    -- In the grace a proof counts only on a record that has been claimed again.
    if is_proven(claim, record) and (record.epoch == epoch or not is_grace) then
        return take_over(claim, record)
    end
    if is_grace then return {'grace'} end
    local fence
    if record.is_empty or (holder and call('SISMEMBER', DEAD, holder) == 1) then
        fence = next_fence()
        evict(claim, holder)
    end
    local answer = take(claim, record, fence, 0, 0, 0)
    if answer then return answer end
    -- If the holder is neither listed nor certified dead, its entry was deleted by hand, and the process
    -- may live: it is listed again, and the nodes certify it dead if its counter stands still.
    if call('HSETNX', NODES, holder, 0) == 1 then
        call('HSETNX', STEM .. holder, claim.key,
            holding(record.login, record.fence, record.producer) .. '0 0')
    end
    if claim.proof ~= '' and record.before == claim.proof then return {'successor-stands'} end
    return {'taken'}
end

-- Claims a name for a login that has held it.
local function claim_again(claim, record, known)
    local holder = record.holder
    -- The record was there in this epoch. It is gone because another login has held the name since, and
    -- has released it: the number of the caller's last accepted message is not known any more.
    if not record.login and known.epoch == epoch then return {'lost'} end
    -- The record is older than what the caller was granted: it came back with older data.
    local is_other = record.login ~= claim.login and (record.login or record.has_passed)
    local is_older = is_other and (record.epoch or 0) < epoch and (record.fence or 0) < known.fence
    if is_older or not is_other and not record.login then
        local fence = next_fence(known.fence)
        evict(claim, holder)
        return take(claim, record, fence, known.n, known.seq, known.reserved)
    end
    if record.login ~= claim.login then
        return {record.before == claim.login and 'replaced' or 'lost'}
    end

    -- Takes the higher number of the record's and the caller's, and that message's seq.
    local n, seq = record.n, record.seq
    if known.n > n or (known.n == n and seq == 0) then n, seq = known.n, known.seq end
    local fence = record.fence
    local is_own = holder == incarnation and record.epoch == epoch
    -- A later call of the same process was carried out before: this one's answer is not awaited any more.
    if is_own and record.call and tonumber(NUMBER) < record.call then
        return granted(fence, record.producer, record.n, record.seq)
    end
    local is_repeated = is_own and fence ~= known.fence
    if not is_repeated then fence = next_fence(known.fence) end
    -- The login's id proves whose name it is, whatever incarnation holds it.
    call('HSET', claim.NAME, 'node', incarnation, 'fence', digits(fence), 'epoch', ARGV[1],
        'call', NUMBER, 'display', claim.display)
    if known.reserved > record.reserved then reserve(claim, known.reserved) end
    if holder and holder ~= incarnation then call('HDEL', STEM .. holder, claim.key) end
    put_rooms(claim, claim.rooms)
    for _, room in ipairs(record.rooms) do
        if not has(claim.rooms, room) then leave(PREFIX, room, claim.key, record.producer) end
    end
    for _, room in ipairs(claim.rooms) do
        join(PREFIX, room, claim.key, record.producer, claim.display)
    end
    return hold(claim, fence, record.producer, n, seq)
end

local answer, looked_at = {'verdicts'}, 0
for index = 0, #KEYS - FIRST_NAME do
    local at = FIRST + index * WIDTH
    local claim = {
        NAME = KEYS[FIRST_NAME + index], key = ARGV[at], login = ARGV[at + 1],
        producer = ARGV[at + 2], display = ARGV[at + 3], proof = ARGV[at + 4],
        rooms = rooms_in(ARGV[at + 10]),
    }
    local is_again = ARGV[at + 5] ~= ''
    local record, damage = read(claim.NAME, claim.key, is_again)
    -- A take-over changes nothing in the rooms that the name is in.
    local is_kept = record and not is_again and record.epoch == epoch and is_proven(claim, record)
    local rooms = #claim.rooms
    if record and not is_kept then rooms = math.max(rooms, #record.rooms) end
    local verdict
    if not record then
        verdict = {'refused', damage}
    elseif looked_at > 0 and looked_at + rooms > PAIRS then
        verdict = {'later'}
    elseif is_again then
        verdict = claim_again(claim, record, {
            fence = tonumber(ARGV[at + 5]), n = tonumber(ARGV[at + 6]),
            seq = tonumber(ARGV[at + 7]), epoch = tonumber(ARGV[at + 8]),
            reserved = tonumber(ARGV[at + 9]),
        })
    else
        verdict = claim_new(claim, record)
    end
    if record and verdict[1] ~= 'later' then looked_at = looked_at + rooms end
    answer[index + 2] = verdict
end
tell_presence(PREFIX, ARGV[1], ARGV[5])
return answer
