-- Opens the epoch: returns the present one. Begins a new one if the data set is empty, is another than
-- the one stored, is older than what the caller has seen, or has the form of the version before: then the
-- calls of nodes of that version name another epoch, and write nothing any more.
--
-- KEYS  1 P/epoch
-- ARGV  1 the highest epoch's number that the caller has seen, 0: none   2 the highest fence, 0: none
--       3 "1": no process waits to claim its names again
--       4 the data set of that epoch, "": not known. If data was rolled back, and a node that had seen
--         nothing came first, a number is given again: with another data set it is another epoch
-- ->    epoch <number> <data set> <1: in its grace>
--       other-version <version>: what is kept has the form of a newer version, or of one too old to
--         be read; nothing was written
--       an error: no epoch is left; nothing was written

-- The version of what is kept, and the oldest that can be read. In version 6 no message was taken back, and
-- nodes sent every entry to all clients; in version 5 no name was present in a room;
-- in version 4 no login took a name over
-- from another one; in version 3 the record of a free name had an empty holder; in version 2 an entry of
-- the log did not name the message before it.
local VERSION, OLDEST = 7, 3
-- Fences of one epoch: the number of claims in it before a fence could be one of the next epoch's.
local FENCES = 2 ^ 20
-- Above every epoch's number: its fences would pass 2^53. Nodes refuse what names such an epoch.
local EPOCHS = 2 ^ 33

local highest_epoch, highest_fence = tonumber(ARGV[1]), tonumber(ARGV[2])
local stored = redis.call('HMGET', KEYS[1], 'epoch', 'dataset', 'grace', 'fence', 'version')
local version = tonumber(stored[5] or VERSION)
if version > VERSION or version < OLDEST then return {'other-version', version} end

local present = dataset()
local epoch, fence, grace
if not stored[1] then
    -- The clock's second is higher than every epoch before, whatever data was lost. If the clock was
    -- wrong, what the caller has seen counts.
    epoch = tonumber(redis.call('TIME')[1])
    if highest_epoch > 0 then epoch = math.max(epoch, highest_epoch + 1) end
    fence = 0
    grace = highest_epoch > 0 or ARGV[3] ~= '1'
elseif version < VERSION or stored[2] ~= present or highest_epoch > tonumber(stored[1])
    or (highest_epoch == tonumber(stored[1]) and ARGV[4] ~= '' and ARGV[4] ~= stored[2])
then
    epoch = math.max(tonumber(stored[1]), highest_epoch) + 1
    fence = tonumber(stored[4] or 0)
    grace = true
else
    return {'epoch', stored[1], present, stored[3] or '0'}
end

if epoch >= EPOCHS then
    return redis.error_reply('EPOCHS no epoch is left after ' .. digits(epoch - 1)
        .. ': the clock of Redis, or an epoch that was seen, is wrong')
end
fence = math.max(fence, highest_fence, epoch * FENCES)
epoch = digits(epoch)
redis.call('HSET', KEYS[1], 'epoch', epoch, 'dataset', present, 'fence', digits(fence),
    'version', VERSION)
if grace then
    redis.call('HSET', KEYS[1], 'grace', '1')
else
    redis.call('HDEL', KEYS[1], 'grace')
end
return {'epoch', epoch, present, grace and '1' or '0'}
