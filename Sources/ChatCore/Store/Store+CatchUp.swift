extension Store {
    /// What a room's log has after a position, and whether that is all there ever was.
    ///
    /// Mends the room's top first, where it is missing or behind: nothing is published in a room
    /// whose end nobody knows. `birth` names the room's place if it begins now.
    public mutating func catchUp(_ call: CatchUpCall, birth: Lineage) -> CatchUpAnswer {
        guard reigns(call.reign) else { return .otherReign }
        rooms[call.room, default: RoomLog()].mendTop(call, birth)
        guard let room = rooms[call.room], let mark = room.top else {
            return .page(
                CatchUpPage(footing: .rewound, entries: [], hasMore: false, top: nil)
            )
        }
        let top = Position(epoch: call.reign.epoch, seq: mark.seq, mid: mark.mid)
        guard let position = call.position else {
            return .page(CatchUpPage(footing: .proven, entries: [], hasMore: false, top: top))
        }
        let (footing, first) = room.start(after: position, mark, call)
        let (entries, hasMore) = room.entries(from: first, limit: call.limit)
        return .page(
            CatchUpPage(footing: footing, entries: entries, hasMore: hasMore, top: top)
        )
    }
}

extension RoomLog {
    /// Puts the top where the room ends: where the log does, if it reaches further; where the caller
    /// is, if that is what it asks for; at a birth, if nothing else is known.
    fileprivate mutating func mendTop(_ call: CatchUpCall, _ birth: Lineage) {
        if let reach, top.map({ reach.seq > $0.seq }) ?? true {
            top = reach
            return
        }
        let isFound =
            switch call.replacing {
            case nil: false
            case .some(.none): top == nil
            case .top(let found): top == found
            }
        if isFound, let position = call.position, position.seq >= given.seq,
            top.map({ position.seq > $0.seq }) ?? true
        {
            top = .init(seq: position.seq, mid: position.mid)
            return
        }
        let isUnknown = top == nil && call.position == nil
        if isUnknown || given.seq > max(top?.seq ?? 0, call.position?.seq ?? 0) {
            top = .init(seq: given.seq, mid: .birth(birth))
        }
    }

    /// How the log connects to a position, and the number of the message to go on with.
    fileprivate func start(
        after position: Position,
        _ top: CatchUpCall.Mark,
        _ call: CatchUpCall
    ) -> (CatchUpPage.Footing, first: UInt64) {
        let end = top.seq + 1
        if position.seq == top.seq, position.mid == top.mid { return (.proven, end) }
        if holds(position.mid, at: position.seq) {
            let next = next(after: position.seq) ?? end
            return (next == position.seq + 1 ? .proven : .trimmed, next)
        }
        let first = oldest ?? end
        if position.epoch == call.reign.epoch, position.seq < top.seq, first > position.seq + 1 {
            return (.trimmed, first)
        }
        if let mark = call.marks.first(where: { holds($0.mid, at: $0.seq) }) {
            return (.rewound, next(after: mark.seq) ?? end)
        }
        return (.rewound, first)
    }
}
