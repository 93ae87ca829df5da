-- Stands in front of every script. What is kept, under the prefix P (data version 1):
--
--   P/epoch          hash    epoch, dataset (master_replid), grace ("1" while in it), fence (the
--                            counter), version
--   P/nodes          hash    incarnation -> heartbeat counter
--   P/dead           set     incarnations certified dead whose names are not all free yet
--   P/held/<inc>     set     keys of the names that an incarnation holds
--   P/label/<inc>    string  what people call it
--   P/name/<key>     hash    node (incarnation; "" is free), session, before (the session before,
--                            for take-overs), lineage, fence, epoch (of the last claim), linger,
--                            n and seq (of the last message), display, rooms
--   P/room/<room>    hash    seq, mid and sum (bytes ever appended) of the top; base (the sum
--                            before the entry that was the oldest at the last look) and since (its
--                            ms); presence
--   P/log/<room>     stream  id seq-epoch; mid, fence, ms, sum (with this entry) and json, in this
--                            order
--
-- Nothing uses `before`, `linger`, `rooms` and `presence` yet. Channels: P is the lobby's, P:<room>
-- another room's, P@<inc> a node's own.
--
-- Every answer is an array that begins with a verdict; with `other-reign` nothing was written.

-- Lua's own conversion turns numbers from 1e14 on, as fences are, into 1.2345e+15.
local function digits(number) return string.format('%.0f', number) end

-- The id of this data set: a new one for every restart and every promotion. It is asked for each
-- time, because what is stored comes along to a server that was promoted.
local function dataset()
    local info = redis.call('INFO', 'replication')
    local _, last = string.find(info, 'master_replid:', 1, true)
    return string.sub(info, last + 1, last + 40)
end

-- Whether the reign named in ARGV[1] (epoch) and ARGV[2] (data set) is the present one.
local function reigns()
    local stored = redis.call('HMGET', KEYS[1], 'epoch', 'dataset')
    return stored[1] == ARGV[1] and stored[2] == ARGV[2] and dataset() == ARGV[2]
end
