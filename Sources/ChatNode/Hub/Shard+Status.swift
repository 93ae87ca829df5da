import ChatCore

/// The state of this loop, as clients are told it and as the metrics have it.
extension Shard {
    /// Tells the clients that are to know if the node has lost its broker, or has it again.
    func updateStatus(_ now: Instant) {
        // Nothing changes as long as nothing is missing, which an idle node pays for at every tick.
        guard status.isDegraded || settings.state.withoutBrokerSince != nil || !awaitingOk.isEmpty
        else { return }
        let waiting = awaitingOk
        awaitingOk = []
        guard status.update(timeWithoutBroker: settings.state.timeWithoutBroker(now)) else {
            return waiting.forEach { deferWork(.tellStatus($0)) }
        }
        for case let connection as Connection in occupants where connection.dialect.hasStatus {
            deferWork(.tellStatus(connection.id))
        }
    }

    /// What waits on this loop, and for how many clients. The table is taken once: as a property it costs
    /// a hundred instructions for each socket.
    func queues() -> ShardMetrics.Queues {
        let writers = writers
        var queues = ShardMetrics.Queues(names: client.nameCount)
        for slot in writers.indices where writers[slot].isBlocked {
            queues.blockedClients += 1
            queues.bytes += connection(at: Int32(slot))?.waitingBytes ?? 0
        }
        queues.messages = rooms.values.reduce(0) { $0 + $1.messagesBehind }
        return queues
    }
}
