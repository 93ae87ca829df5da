extension Store {
    /// Reads what a room's log has after a position, and tells whether that is all there ever was.
    ///
    /// Corrects the room's top first, if it is missing or older than the log: until then `publish`
    /// accepts nothing there. `birth` is the id of the room's beginning, if it begins now.
    public mutating func catchUp(_ call: CatchUpCall, birth: ProducerID) -> CatchUpAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        rooms[call.room, default: RoomLog()].mendTop(call, birth)
        let presence = presence[call.room]?.number ?? 0
        guard let room = rooms[call.room], let mark = room.top else {
            return .page(
                CatchUpPage(
                    continuity: .rewound,
                    entries: [],
                    hasMore: false,
                    top: nil,
                    presence: presence
                )
            )
        }
        let top = Position(epoch: call.epoch.number, seq: mark.seq, mid: mark.mid)
        guard let position = call.position else {
            return .page(
                CatchUpPage(
                    continuity: .proven,
                    entries: [],
                    hasMore: false,
                    top: top,
                    presence: presence
                )
            )
        }
        let (continuity, first) = room.start(after: position, mark, call)
        let (entries, hasMore) = room.entries(from: first, limit: call.limit)
        return .page(
            CatchUpPage(
                continuity: continuity,
                entries: entries,
                hasMore: hasMore,
                top: top,
                presence: presence
            )
        )
    }
}

extension RoomLog {
    /// Corrects the top: to the log's end if that is further on; to the caller's position, or a birth in
    /// its place, if the caller asks for that; to the room's beginning if nothing else is known.
    fileprivate mutating func mendTop(_ call: CatchUpCall, _ birth: ProducerID) {
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
        if isFound, let position = call.position, position.seq >= given.seq {
            let mid = call.mayLackMore ? .birth(birth) : position.mid
            let mark = MessagePlace(seq: position.seq, mid: mid)
            if top.map({ $0.givesWay(to: mark) }) ?? true {
                top = mark
                return
            }
        }
        let isUnknown = top == nil && call.position == nil
        if isUnknown || given.seq > max(top?.seq ?? 0, call.position?.seq ?? 0) {
            top = .init(seq: given.seq, mid: .birth(birth))
        }
    }

    /// Returns how the log connects to a position, and the number of the message that comes next.
    fileprivate func start(
        after position: Position,
        _ top: MessagePlace,
        _ call: CatchUpCall
    ) -> (CatchUpPage.Continuity, first: UInt64) {
        let end = top.seq + 1
        if position.seq == top.seq, position.mid == top.mid { return (.proven, end) }
        if holds(position.mid, at: position.seq) {
            let next = next(after: position.seq) ?? end
            return (next == position.seq + 1 ? .proven : .trimmed, next)
        }
        let first = oldest ?? end
        if position.epoch == call.epoch.number, position.seq < top.seq, first > position.seq + 1 {
            return (.trimmed, first)
        }
        if let mark = call.marks.first(where: { holds($0.mid, at: $0.seq) }) {
            return (.rewound, next(after: mark.seq) ?? end)
        }
        return (.rewound, first)
    }
}
