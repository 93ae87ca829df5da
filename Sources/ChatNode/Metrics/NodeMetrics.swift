import ChatCore
import ChatSupport

extension MetricsRegistry {
    /// Adds the metrics of the node's state, which are determined during a scrape; `isShared` says whether
    /// the backend is shared with other nodes.
    func observe(_ state: NodeState, isShared: Bool) {
        observe(.buildInfo, [("version", Version.current)]) { 1 }
        observe(.ready) { state.isReady(Clock.now) ? 1 : 0 }
        observe(.droppedLines) {
            Double(LineQueue.standardError.dropped + LineQueue.standardOutput.dropped)
        }
        guard isShared else { return }
        observe(.redisUp) { state.withoutBrokerSince == nil ? 1 : 0 }
        observe(.leaseLeft) { max(.zero, state.leaseExpiry - Clock.now) / .seconds(1) }
    }
}
