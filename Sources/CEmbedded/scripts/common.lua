-- Stands in front of every script. What is kept, under the prefix P (data version 3):
--
--   P/epoch          hash    epoch, dataset (master_replid), grace ("1" while in it), fence (the
--                            counter), version
--   P/nodes          hash    incarnation -> heartbeat counter
--   P/dead           set     incarnations certified dead whose names are not all free yet
--   P/held/<inc>     hash    key of a name that an incarnation holds -> `session fence lineage n
--                            seq`: what publishing compares, and the last message's number and place
--   P/label/<inc>    string  what people call it
--   P/name/<key>     hash    node (incarnation; "" is free), session, before (the session before,
--                            for take-overs), lineage, fence, epoch (of the last claim), linger,
--                            n and seq (of the last message; they count while the name is free),
--                            display, rooms
--   P/room/<room>    hash    seq, mid and sum (bytes ever appended) of the top; base (the sum
--                            before the entry that was the oldest at the last look) and since (its
--                            ms); renewed (when it was last told how long it lives); presence. A room
--                            begins with seq 0 and a mid of its own, `<8 random>.0`
--   P/log/<room>     stream  an entry a batch, as it was published. Its id is seq-epoch of the first
--                            message; count, ms, sum (with this entry), prev (the mid before its
--                            first) and messages (for each a line `mid length` and its JSON on a line
--                            of its own), in this order. Version 2 had no prev: such an entry is not
--                            read
--
-- Who frees a name by hand takes its key out of P/held/<node> first, and then its record away: what
-- publishing compares stands in the former alone.
--
-- Nothing uses `before`, `linger`, `rooms` and `presence` yet. Channels: P is the lobby's, P:<room>
-- another room's, P@<inc> a node's own.
--
-- Every answer is an array that begins with a verdict; with `other-reign` nothing was written.

-- Lua's own conversion turns numbers from 1e14 on, as fences are, into 1.2345e+15. Right up to 2^53,
-- and a third of what `%.0f` costs.
local function digits(number) return string.format('%d', number) end

-- What P/held/<inc> has of a name up to its n. The fence is as wide as a number can be: with that,
-- no value is of 64 bytes or fewer, and Redis keeps the hash as a table. A list, which it takes for
-- small hashes of short values, would be searched from its start for each name of a batch.
local function holding(session, fence, lineage)
    return string.format('%s %020d %s ', session, fence, lineage)
end

-- A room and its log are told how long they live once in a while, and so much longer.
local function lifetime(forget) return forget + math.floor(forget / 64) end

-- The last message's number and place in what P/held/<inc> has of a name; 0 and 0 where somebody has
-- taken that away by hand.
local function last_of_name(held)
    local n, seq = string.match(held or '', ' (%d+) (%d+)$')
    return tonumber(n or 0), tonumber(seq or 0)
end

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
