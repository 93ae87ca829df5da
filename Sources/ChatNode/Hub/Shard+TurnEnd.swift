import ChatCore
import ChatSupport
import NIOCore

/// The end of a loop's turn, when what the turn has collected leaves.
extension Shard {
    /// How far the end of a turn has come.
    enum TurnEnd {
        case none
        /// Calls are being made. When all are, they leave, and the broadcast begins.
        case asking
        /// The calls leave. A broker in this process may answer and deliver at once; the broadcast
        /// is next.
        case sending
    }

    /// Has what a turn of the loop has collected done once, after all events of the turn: batches
    /// grow with load, and an idle node's message waits for nothing.
    func scheduleTurnEnd() {
        guard !isTurnEndScheduled else { return }
        isTurnEndScheduled = true
        loop.assumeIsolated().execute { [self] in endTurn() }
    }

    /// Notes that the broker has been asked for something.
    func callMade() {
        if turnEnd != .asking { scheduleTurnEnd() }
    }

    /// Notes that a table has something to broadcast.
    func tableIsDirty() {
        if turnEnd == .none { scheduleTurnEnd() }
    }

    private func endTurn() {
        isTurnEndScheduled = false
        turnEnd = .asking
        updateClient { $0.endTurn(now: Clock.now, into: &$1) }
        turnEnd = .sending
        broker.endTurn()
        turnEnd = .none
        broadcastDirtyTables()
    }
}
