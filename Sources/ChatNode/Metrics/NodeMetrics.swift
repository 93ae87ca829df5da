import ChatCore

extension MetricsRegistry {
    /// Has what a node is found out by whoever scrapes.
    func observe(_ state: NodeState, hasRedis: Bool) {
        observe(.buildInfo, [("version", Version.current)]) { 1 }
        observe(.ready) { state.isReady(Clock.now) ? 1 : 0 }
        observe(.droppedLines) {
            Double(LineQueue.standardError.dropped + LineQueue.standardOutput.dropped)
        }
        guard hasRedis else { return }
        observe(.redisUp) { state.withoutBrokerSince == nil ? 1 : 0 }
        observe(.leaseLeft) { max(.zero, state.namesSureUntil - Clock.now) / .seconds(1) }
    }
}
