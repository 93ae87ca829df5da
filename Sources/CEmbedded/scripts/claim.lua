-- Claims a name, for a new login or again: the first writer of its record wins.
--
-- KEYS  1 P/epoch   2 P/nodes   3 P/name/<key>   4 P/held/<incarnation>   5 P/dead
-- ARGV  1 epoch   2 data set   3 incarnation   4 key   5 session   6 lineage   7 display form
--       8 what the keys of held hashes begin with
--       claimed again: 9 the fence that was granted   10 the highest n known to be accepted
--       11 its seq, 0: not known   12 the epoch it was granted in
-- ->    granted <fence> <lineage> <n> <seq>
--       taken · grace · lost · replaced · unregistered · other-reign
--
-- The one script that touches a key it does not declare: the held hash of the incarnation that the
-- record names, which the caller cannot know. A single Redis does not mind.

if not reigns() then return {'other-reign'} end
local incarnation, key, session = ARGV[3], ARGV[4], ARGV[5]
if redis.call('HEXISTS', KEYS[2], incarnation) == 0 then return {'unregistered'} end

local epoch = tonumber(ARGV[1])
local stored = redis.call('HMGET', KEYS[3],
    'node', 'session', 'before', 'lineage', 'fence', 'epoch', 'n', 'seq')
local exists = stored[1]
local record = exists and {
    node = stored[1], session = stored[2], before = stored[3], lineage = stored[4],
    fence = tonumber(stored[5]), epoch = tonumber(stored[6]),
    n = tonumber(stored[7]), seq = tonumber(stored[8]),
}
if exists and record.node ~= '' then
    record.n, record.seq = last_of_name(redis.call('HGET', ARGV[8] .. record.node, key))
end
local is_same = exists and record.node == incarnation and record.session == session

local function granted(fence, lineage, n, seq)
    return {'granted', digits(fence), lineage, digits(n), digits(seq)}
end

-- Higher than every fence given, and than the one the caller knows: after a loss the counter may
-- lie below it.
local function next_fence(known)
    local counter = tonumber(redis.call('HGET', KEYS[1], 'fence') or 0)
    local fence = math.max(counter, known or 0) + 1
    redis.call('HSET', KEYS[1], 'fence', digits(fence))
    return fence
end

-- The name is the caller's, whoever held it before.
local function hold(fence, lineage, n, seq)
    if exists and record.node ~= incarnation and record.node ~= '' then
        redis.call('HDEL', ARGV[8] .. record.node, key)
    end
    redis.call('HSET', KEYS[4], key,
        holding(session, fence, lineage) .. digits(n) .. ' ' .. digits(seq))
    redis.call('PERSIST', KEYS[3])
    return granted(fence, lineage, n, seq)
end

-- The name begins anew, whatever its record says.
local function begin(fence, n, seq)
    redis.call('HSET', KEYS[3], 'node', incarnation, 'session', session, 'before', '',
        'lineage', ARGV[6], 'fence', digits(fence), 'epoch', ARGV[1], 'linger', '',
        'display', ARGV[7], 'rooms', '')
    return hold(fence, ARGV[6], n, seq)
end

if not ARGV[9] then
    local is_grace = redis.call('HGET', KEYS[1], 'grace') == '1'
    -- The claim whose answer was lost. In the grace, one of an older reign is no claim of this one.
    if is_same and (record.epoch == epoch or not is_grace) then
        return granted(record.fence, record.lineage, record.n, record.seq)
    end
    if is_grace then return {'grace'} end
    if exists and record.node ~= '' and redis.call('SISMEMBER', KEYS[5], record.node) == 0 then
        -- A holder that is neither known nor certified was taken off the list by hand, and may live: it
        -- is put back, and certified by those who see it stand still.
        if redis.call('HSETNX', KEYS[2], record.node, 0) == 1 then
            redis.call('HSETNX', ARGV[8] .. record.node, key,
                holding(record.session, record.fence, record.lineage) .. '0 0')
        end
        return {'taken'}
    end
    return begin(next_fence(), 0, 0)
end

local known = {fence = tonumber(ARGV[9]), n = tonumber(ARGV[10]), seq = tonumber(ARGV[11])}
-- The record was there in this epoch. It is gone because another login has had the name since, and has
-- given it up: the number of the caller's last accepted message is not known any more.
if not exists and tonumber(ARGV[12]) == epoch then return {'lost'} end
if not exists then return begin(next_fence(known.fence), known.n, known.seq) end
if record.session ~= session then
    -- The record is from before what the caller was granted, brought back with older data.
    if record.epoch < epoch and record.fence < known.fence then
        return begin(next_fence(known.fence), known.n, known.seq)
    end
    if record.before == session then return {'replaced'} end
    return {'lost'}
end

-- Of both numbers the higher stands, with its own place.
local n, seq = record.n, record.seq
if known.n > n or (known.n == n and seq == 0) then n, seq = known.n, known.seq end
local fence = record.fence
local is_repeated = is_same and fence ~= known.fence and record.epoch == epoch
if not is_repeated then fence = next_fence(known.fence) end
redis.call('HSET', KEYS[3], 'node', incarnation, 'fence', digits(fence), 'epoch', ARGV[1],
    'display', ARGV[7])
return hold(fence, record.lineage, n, seq)
