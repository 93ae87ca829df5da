-- Precedes the scripts that change who is present in rooms, after common.lua. A script calls `join` and
-- `leave` for each pair of a name and a room, and `tell_presence` once, after its other writes.
--
-- A name is present under its lineage. A name that another lineage has joined with is not taken out, so
-- that each joining is undone once, whichever node does it.
--
-- Each room that a call has changed gets the next number (`presence` in P/room/<room>), and is published
-- once on its channel: a line `P epoch number names`, with the number of names that are present now; then,
-- unless those are more than LISTED, a line for each change in the order of the changes, `+key display` for
-- a name that has joined and `-key display` for one that has left.
--
-- The keys of the rooms are not declared, because the caller cannot know which rooms a name's record has.
-- A Redis that is not a cluster permits it. A room's key of another type, made by hand, is passed over.

-- The most names whose changes are told: `Limits.presenceListed`.
local LISTED = 200
-- The most pairs of name and room that are looked at in one call: `Limits.presencePairs`. The first name of
-- a call may have more.
local PAIRS = 64
-- The number of characters of a lineage.
local LINEAGE = 8

-- The rooms that were changed, in the order of their first changes, and the lines of each.
local changed, changes = {}, {}

-- Returns the rooms in a text that has a space between two; none if there is no text.
local function rooms_in(text)
    local rooms = {}
    if text then
        for room in string.gmatch(text, '%S+') do rooms[#rooms + 1] = room end
    end
    return rooms
end

local function note(room, line)
    if not changes[room] then
        changed[#changed + 1] = room
        changes[room] = {}
    end
    local lines = changes[room]
    lines[#lines + 1] = line
end

-- Makes a name present in a room. If it is already, nothing is told, and the entry gets the lineage.
local function join(prefix, room, key, lineage, display)
    local HERE = prefix .. '/here/' .. room
    local entry = redis.pcall('HGET', HERE, key)
    if not entry then
        redis.call('HSET', HERE, key, lineage .. ' ' .. display)
        note(room, '+' .. key .. ' ' .. display .. '\n')
    elseif type(entry) == 'string' and string.sub(entry, 1, LINEAGE) ~= lineage then
        redis.call('HSET', HERE, key, lineage .. string.sub(entry, LINEAGE + 1))
    end
end

-- Takes a name out of a room, if it is present there under the lineage.
local function leave(prefix, room, key, lineage)
    local HERE = prefix .. '/here/' .. room
    local entry = redis.pcall('HGET', HERE, key)
    if type(entry) == 'string' and string.sub(entry, 1, LINEAGE) == lineage then
        redis.call('HDEL', HERE, key)
        note(room, '-' .. key .. string.sub(entry, LINEAGE + 1) .. '\n')
    end
end

-- Numbers and publishes the changes of each room. Errors are ignored, as that of a Redis that does not
-- permit PUBLISH to the node's user: the nodes compare the numbers from time to time.
local function tell_presence(prefix, epoch, forget)
    local life = digits(lifetime(tonumber(forget)))
    for _, room in ipairs(changed) do
        local HERE, ROOM = prefix .. '/here/' .. room, prefix .. '/room/' .. room
        local number = redis.pcall('HINCRBY', ROOM, 'presence', 1)
        if type(number) == 'number' then
            local count = redis.call('HLEN', HERE)
            redis.call('PEXPIRE', HERE, life)
            redis.call('PEXPIRE', ROOM, life)
            local channel = room == 'lobby' and prefix or prefix .. ':' .. room
            local lines = count <= LISTED and table.concat(changes[room]) or ''
            redis.pcall('PUBLISH', channel,
                'P ' .. epoch .. ' ' .. digits(number) .. ' ' .. digits(count) .. '\n' .. lines)
        end
    end
end

