extension Store {
    /// What a room's log has behind a position, and whether that is all there ever was.
    public func catchUp(_ call: CatchUpCall) -> CatchUpAnswer {
        guard reigns(call.reign) else { return .otherReign }
        guard let room = rooms[call.room] else {
            let isProven = call.position.map { $0.seq == 0 } ?? true
            return .page(
                CatchUpPage(
                    footing: isProven ? .proven : .rewound,
                    entries: [],
                    hasMore: false,
                    top: nil
                )
            )
        }
        let top = Position(epoch: call.reign.epoch, seq: room.seq, mid: room.mid)
        guard let position = call.position else {
            return .page(CatchUpPage(footing: .proven, entries: [], hasMore: false, top: top))
        }
        let (footing, first) = Self.start(behind: position, in: room, call)
        let entries = room.entries(from: first, limit: call.limit)
        let hasMore = entries.last.map { $0.lastSeq < room.seq } ?? false
        return .page(
            CatchUpPage(footing: footing, entries: entries, hasMore: hasMore, top: top)
        )
    }

    /// How the log connects to a position, and the number of the message to go on with.
    private static func start(
        behind position: Position,
        in room: RoomLog,
        _ call: CatchUpCall
    ) -> (CatchUpPage.Footing, first: UInt64) {
        let isPresent = position.epoch == call.reign.epoch
        if position.seq == 0 {
            guard isPresent else { return (.rewound, room.oldest) }
            return (room.oldest == 1 ? .proven : .trimmed, room.oldest)
        }
        if position.seq == room.seq, position.mid == room.mid { return (.proven, room.seq + 1) }
        if room.holds(position.mid, at: position.seq) { return (.proven, position.seq + 1) }
        if isPresent, position.seq < room.seq, room.oldest > position.seq {
            return (.trimmed, room.oldest)
        }
        if let mark = call.marks.first(where: { room.holds($0.mid, at: $0.seq) }) {
            return (.rewound, mark.seq + 1)
        }
        return (.rewound, room.oldest)
    }
}
