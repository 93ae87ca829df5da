@testable import ChatCore

/// What both keep of a room, read from its end and from places in between; and the loss of all.
extension Both {
    mutating func erase() throws {
        _ = try redis.client.run("FLUSHALL")
        store.store.erase(dataSet: try redis.dataSet)
        try openEpoch()
    }

    mutating func history(of room: RoomName) throws {
        let log = store.log(of: room)
        let end = log.last?.lastSeq ?? UInt64(calls.below(5))
        let upTo = end + 1 - min(end, UInt64(calls.below(12)))
        let call = HistoryCall(room: room, upTo: upTo, limit: 1 + calls.below(6))
        let theirs = try redis.history(call)
        try same("history", "\(theirs.hasMore)", call, store.history(call), theirs)
    }
}
