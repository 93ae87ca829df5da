-- Precedes every script. What is kept, under the prefix P (data version 7):
--
--   P/epoch          hash    epoch (its number), dataset (master_replid), grace ("1" during it), fence
--                            (the counter), version
--   P/nodes          hash    incarnation -> heartbeat counter
--   P/dead           set     incarnations certified dead that still hold names
--   P/held/<inc>     hash    key of a name that an incarnation holds -> `login fence producer n seq`:
--                            what publishing compares, and the last message's n and seq
--   P/label/<inc>    string  the label that people know it by
--   P/name/<key>     hash    node (the incarnation that holds the name; absent while the name is free:
--                            claim.lua writes it with HSETNX, the first writer wins), session (the
--                            login's id), before (the id of the login that the present one has taken
--                            over from), lineage (the producer id), fence, epoch (the number of the last
--                            claim's), call (the number of that claim's call on its loop), linger ("1" if
--                            the login's socket is gone), n and seq (of the last message; written when the
--                            name is freed, and valid while it is free), reserved (`login n`: up to
--                            which n others may have heard messages of the login that were never
--                            answered; absent: none), display, rooms (those that the name is present in,
--                            with a space between two; absent: none, as in every free name), passed
--                            ("1": the name has passed from another login while its record was kept. When
--                            it is given up for good, fence, epoch and this stay for a while, and keep a
--                            process that was stopped since then from claiming the name again). A fresh
--                            grant deletes every other field that the record had. Version 3 wrote an empty node for a free
--                            name
--   P/room/<room>    hash    seq, mid and sum (bytes ever appended) of the top; base (the sum
--                            before the entry that was the oldest at the last look) and since (its
--                            ms); renewed (when its expiry was last set); presence (the number of the
--                            last change of P/here/<room>); removed (when a message was taken back
--                            last). A room begins with seq 0 and a mid of its own, `<8 random>.0`
--   P/here/<room>    hash    key of a name that is present in the room -> `lineage display`: the name's
--                            lineage, and the spelling with which it has joined
--   P/log/<room>     stream  an entry a batch, as it was published. Its id is seq-epoch of the first
--                            message; count, ms, sum (with this entry), prev (the mid before its
--                            first) and messages (for each a line `mid length` and its JSON on a line
--                            of its own), in this order. A message that was taken back is
--                            `{"type":"removed","room":R}` from then on, and sum stays as it was
--
-- To free a name by hand, delete its key from P/held/<node> first, and its record then: publishing
-- compares the former alone.
--
-- Channels: P is the lobby's, P:<room> another room's, P@<inc> a node's own.
--
-- Every answer is an array that begins with a verdict. If it is `other-epoch`, nothing was written.

-- Formats a whole number up to 2^53. Lua's own conversion turns numbers from 1e14 on, as fences are,
-- into 1.2345e+15, and `%.0f` costs three times as much.
local function digits(number) return string.format('%d', number) end

-- Formats what P/held/<inc> has of a name before its n. The fence is as wide as a number can be: so
-- every value is longer than 64 bytes, and Redis keeps the hash as a table. A list, which it uses for
-- small hashes of short values, would be searched from its start for each name of a batch.
local function holding(login, fence, producer)
    return string.format('%s %020d %s ', login, fence, producer)
end

-- Returns the expiry to set on a room and its log. It is set anew only when a 64th of `forget` has
-- passed, and is that much longer.
local function lifetime(forget) return forget + math.floor(forget / 64) end

-- Returns the last message's n and seq from what P/held/<inc> has of a name; 0 and 0 if that was deleted
-- by hand.
local function last_of_name(held)
    local n, seq = string.match(held or '', ' (%d+) (%d+)$')
    return tonumber(n or 0), tonumber(seq or 0)
end

-- Frees a name whose holder has the given text in P/held/<inc>. What a later login of the same user
-- goes on with stays in the record for a while. A Redis without memory refuses a script's first write only,
-- and never an HDEL.
local function empty(NAME, held, milliseconds)
    local n, seq = last_of_name(held)
    redis.call('HDEL', NAME, 'node', 'linger', 'rooms')
    redis.call('HSET', NAME, 'n', digits(n), 'seq', digits(seq))
    redis.call('PEXPIRE', NAME, milliseconds)
end

-- Returns the id of this data set, which changes with every restart and every promotion. It is read from
-- the server each time, because what is stored is also on a replica that is promoted.
local function dataset()
    local info = redis.call('INFO', 'replication')
    local _, last = string.find(info, 'master_replid:', 1, true)
    return string.sub(info, last + 1, last + 40)
end

-- Whether the epoch named in ARGV[1] (number) and ARGV[2] (data set) is the present one.
local function is_present_epoch()
    local stored = redis.call('HMGET', KEYS[1], 'epoch', 'dataset')
    return stored[1] == ARGV[1] and stored[2] == ARGV[2] and dataset() == ARGV[2]
end
