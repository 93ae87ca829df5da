/// The record of a name: its holder, or what is kept of the last one.
struct NameRecord {
    /// The incarnation that holds the name; nil: the name is free.
    var holder: Incarnation?
    var login: LoginID
    /// The login that proved to be the same user's when this one took the name over.
    var before: LoginID?
    /// Whether the holder's socket is gone.
    var isLingering = false
    var producer: ProducerID
    var fence: UInt64
    /// The number of the last claim's epoch.
    var epoch: UInt64
    /// The number of the call of that claim, on the holder's loop.
    var call: UInt64
    /// Whether the name has passed to a newer login while its record was kept: then a process that was stopped
    /// meanwhile may still believe that it holds the name.
    var hasPassed = false
    /// Whether the name was given up for good. Only the fence and the epoch count then: they keep such a
    /// process from claiming the name again.
    var isGivenUp = false
    /// The last accepted message's number and place; 0: there is none, or it is not known.
    var n: UInt64
    var seq: UInt64
    /// The number up to which others may have heard messages that `n` does not count, because data was lost.
    var reserved: UInt64 = 0
    /// The time at which the name was given up, in Unix milliseconds; nil: it was not, or reaped.
    var emptiedAt: Int64?
    /// The rooms that the name is present in; none while it is free.
    var rooms: [RoomName] = []

    /// Returns the grant of the name to its holder. `rooms` are those that the name was present in before.
    func grant(rooms: [RoomName] = []) -> Grant {
        Grant(fence: fence, producer: producer, n: n, seq: seq, rooms: rooms)
    }

    /// Takes the holder out; what a later login of the same user goes on with stays.
    mutating func empty(ms: Int64?) {
        holder = nil
        isLingering = false
        emptiedAt = ms
        rooms = []
    }

    /// Takes the holder out for good: no login goes on with the record.
    mutating func giveUp(ms: Int64) {
        empty(ms: ms)
        isGivenUp = true
        hasPassed = true
        before = nil
    }
}
