import ChatCore
import NIOCore

/// The ends of all clients at once: the node leaves, or has been without its broker for too long.
extension Shard {
    /// Closes every connection, `Limits.drainsPerTurn` of them per turn, which spreads out their
    /// return elsewhere.
    func drain() {
        isDraining = true
        updateClient { $0.leave(into: &$1) }
        drain(from: 0)
    }

    private func drain(from first: Int) {
        let end = min(first + Limits.drainsPerTurn, occupants.count)
        for slot in first..<max(end, first) { occupants[slot]?.drain() }
        guard end < occupants.count else { return }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(Limits.drainPauseMilliseconds)))
        {
            [self] in drain(from: end)
        }
    }

    /// Closes clients with "try again later" if the node has been without its broker for too long:
    /// `Limits.drainsPerTurn` of them per tick. New clients are closed at once.
    func sendElsewhere(_ now: Instant) {
        guard settings.state.isLost(now) else { return nextToSend = 0 }
        let end = min(nextToSend + Limits.drainsPerTurn, occupants.count)
        for slot in nextToSend..<max(end, nextToSend) {
            (occupants[slot] as? Connection)?.sendElsewhere()
        }
        nextToSend = end < occupants.count ? end : 0
    }

    /// Closes all connections that are left without a close frame, and returns their number.
    func cutAll() -> Int {
        let left = occupants.compactMap { $0 }
        for occupant in left { occupant.cut() }
        return left.count
    }
}
