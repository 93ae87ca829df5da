/// Keeps what this node has itself seen of the other nodes' heartbeat counters, and finds those that
/// stand still.
///
/// A node whose counter has not moved for `Limits.lease` has lost its lease, and may be certified
/// dead. The time counts only while this node's own heartbeats succeed one after the other, because
/// their answers bring the counters: if Redis answers no node, every counter stands still. What other
/// nodes say about a node does not count, and no date or time of day is compared.
struct FailureDetector: Sendable {
    private struct Observation {
        let counter: UInt64
        let since: Instant
        var isReported = false
    }

    /// In the order of the newest roster; the overdue nodes are certified in this order.
    private var observations = DenseTable<Incarnation, Observation>()
    /// The incarnations whose counters have moved since they were first seen.
    private var living: Set<Incarnation> = []
    private var lookedAt = Instant.distantPast

    /// Forgets all observations, because the answers were interrupted.
    mutating func restart() {
        observations = DenseTable()
        lookedAt = .distantPast
    }

    /// Takes over the counters of a roster, except for the node's own. Returns the incarnations whose
    /// counter has now moved for the first time.
    mutating func look(_ roster: Roster, own: Incarnation, now: Instant) -> [Incarnation] {
        if now > lookedAt + Limits.detectorInterruption { restart() }
        lookedAt = now
        var seen = DenseTable<Incarnation, Observation>()
        var met: [Incarnation] = []
        for heartbeat in roster.heartbeats where heartbeat.incarnation != own {
            let before = observations[heartbeat.incarnation]
            if let before, before.counter != heartbeat.counter,
                living.insert(heartbeat.incarnation).inserted
            {
                met.append(heartbeat.incarnation)
            }
            seen[heartbeat.incarnation] =
                before?.counter == heartbeat.counter
                ? before : Observation(counter: heartbeat.counter, since: now)
        }
        observations = seen
        living.formIntersection(seen.keys)
        return met
    }

    /// Begins the observation of a node anew, because the call to certify it had no success. If the
    /// counter still does not move, the node becomes overdue once more.
    mutating func lookAgain(at other: Incarnation, now: Instant) {
        guard let observation = observations[other] else { return }
        observations[other] = Observation(counter: observation.counter, since: now)
    }

    /// When the next node becomes overdue if its counter does not move.
    var due: Instant {
        observations.values.filter { !$0.isReported }.map { $0.since + Limits.lease }.min()
            ?? .distantFuture
    }

    /// Returns the nodes whose counters have stood still for a lease, each once, and takes them out of
    /// `due`.
    mutating func takeOverdue(now: Instant) -> [Roster.Heartbeat] {
        // If the last roster is old, this node's own heartbeats were interrupted. The observations are
        // dropped now, not with the next roster: until then they would keep `due` in the past, and the
        // timer would fire all the time.
        guard now <= lookedAt + Limits.detectorInterruption else {
            restart()
            return []
        }
        var overdue: [Roster.Heartbeat] = []
        for (incarnation, observation) in observations
        where !observation.isReported && now >= observation.since + Limits.lease {
            observations[incarnation]?.isReported = true
            overdue.append(.init(incarnation: incarnation, counter: observation.counter))
        }
        return overdue
    }
}
