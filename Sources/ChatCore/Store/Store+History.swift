extension Store {
    /// Reads what a room's log has up to a number.
    public func history(_ call: HistoryCall) -> HistoryPage {
        guard let room = rooms[call.room] else {
            return HistoryPage(newestFirst: [], upTo: call.upTo, hasMore: false)
        }
        let (read, hasMore) = room.newest(upTo: call.upTo, limit: call.limit)
        return HistoryPage(newestFirst: read, upTo: call.upTo, hasMore: hasMore)
    }
}
