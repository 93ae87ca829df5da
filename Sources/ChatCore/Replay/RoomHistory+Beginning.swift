/// Finds the place at which a client begins or goes on in a room.
extension RoomHistory {
    /// The place at which a client begins.
    public struct Beginning: Sendable, Hashable {
        /// The cursor of the next frame that it gets.
        public let cursor: Int
        /// Whether it gets all that it has missed; nil: it does not say where it stood.
        public var isRecovered: Bool?
        /// Where it stands before that; nil: where the cursor does.
        public var stood: Position?
        /// The messages that are lost to it, and that come between.
        public var lost: ClosedRange<UInt64>?
    }

    /// Returns where a client begins; nil: a page of the log has to be read first.
    func beginning(at start: Session.Start) -> Beginning? {
        switch start.since {
        case .unsaid: return newest(start.last, isRecovered: nil)
        case .impossible: return newest(start.last, isRecovered: false)
        case .position(let stood):
            switch place(of: stood) {
            case nil: return nil
            case .none?: return newest(start.last, isRecovered: false)
            case .some(let beginning?): return beginning
            }
        }
    }

    /// Returns where a client begins that gets a number of newest messages.
    private func newest(_ count: UInt64, isRecovered: Bool?) -> Beginning? {
        if let cursor = backlog.cursor(ofNewest: min(count, kept)) {
            return Beginning(cursor: cursor, isRecovered: isRecovered)
        }
        guard !mayReadMore else { return nil }
        return Beginning(cursor: backlog.start, isRecovered: isRecovered)
    }

    /// Returns where a client goes on that stood at a position; nil inside: the position is not of this
    /// history; nil: a page of the log has to be read first.
    private func place(of stood: Position) -> Beginning?? {
        if let found = backlog.find(stood) {
            return .some(Beginning(cursor: found.cursor, isRecovered: found.isWhole))
        }
        guard let start else { return .some(nil) }
        if stood.seq <= start.seq, mayReadMore { return nil }
        if start.isSamePlace(as: stood) {
            return .some(Beginning(cursor: backlog.start, isRecovered: backlog.isWhole))
        }
        // What is kept begins later. It is the client's history if it was written when the client had it.
        guard let epoch = backlog.oldestEpoch ?? position?.epoch, epoch <= stood.epoch,
            stood.seq < start.seq
        else { return .some(nil) }
        let here = Position(epoch: start.epoch, seq: stood.seq, mid: stood.mid)
        return .some(
            Beginning(
                cursor: backlog.start,
                isRecovered: false,
                stood: here,
                lost: stood.seq + 1...start.seq
            )
        )
    }

    /// Returns the cursor at which a member goes on that has read too slowly, and what it is told first; nil: a
    /// page of the log has to be read before, which never is if `isForced`.
    func continuation(
        after stood: Position,
        isForced: Bool
    ) -> (cursor: Int, changes: [HistoryChange])? {
        guard let start else { return (backlog.end, []) }
        let here = stood.inEpoch(atLeast: start.epoch)
        let news = here == stood ? [] : [HistoryChange.reset(here)]
        switch place(of: stood) {
        case .some(let beginning?):
            return (beginning.cursor, news + (beginning.lost.map { [.gap($0)] } ?? []))
        case nil where !isForced: return nil
        default:
            // Of another history, or it cannot be found out now.
            guard start.seq > stood.seq else { return (backlog.start, [.reset(start)]) }
            let lost = HistoryChange.gap(stood.seq + 1...start.seq)
            return (backlog.start, start.epoch == stood.epoch ? [lost] : [lost, .reset(start)])
        }
    }

    /// Returns the texts of older messages, and whether still older ones are kept; nil: a page of the log has
    /// to be read first.
    func older(_ range: Session.HistoryRange) -> (texts: [ArraySlice<UInt8>], hasMore: Bool)? {
        guard kept > 0 else { return ([], false) }
        let (texts, isFull) = backlog.texts(
            before: range.before,
            limit: range.limit,
            bytes: Limits.historyPageBytes
        )
        if !isFull, texts.count < range.limit, mayReadMore { return nil }
        return (texts, isFull || mayReadMore)
    }
}
