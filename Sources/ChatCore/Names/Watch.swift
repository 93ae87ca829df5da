/// What a node has itself seen of the others' heartbeats.
///
/// A counter that has not moved for a lease, in the answers to the watcher's own successful
/// renewals without interruption, belongs to a process that cannot prove its names any more. Nobody
/// is declared dead on hearsay, by a clock on a wall, or for a time in which Redis answered nobody.
struct Watch: Sendable {
    private struct Sight {
        let counter: UInt64
        let since: Instant
        var isReported = false
    }

    /// In the order of the newest answer: certificates are asked for in it.
    private var sights = DenseTable<Incarnation, Sight>()
    /// Those that have moved under our eyes.
    private var living: Set<Incarnation> = []
    private var lookedAt = Instant.distantPast

    /// Nothing that was seen before counts: the answers have been interrupted.
    mutating func restart() {
        sights = DenseTable()
        lookedAt = .distantPast
    }

    /// Looks at everybody's counters but one's own. The answer is who has been seen to live for the
    /// first time.
    mutating func look(_ roster: Roster, own: Incarnation, now: Instant) -> [Incarnation] {
        if now > lookedAt + Limits.watchInterruption { restart() }
        lookedAt = now
        var seen = DenseTable<Incarnation, Sight>()
        var met: [Incarnation] = []
        for beat in roster.beats where beat.incarnation != own {
            let before = sights[beat.incarnation]
            if let before, before.counter != beat.counter,
                living.insert(beat.incarnation).inserted
            {
                met.append(beat.incarnation)
            }
            seen[beat.incarnation] =
                before?.counter == beat.counter ? before : Sight(counter: beat.counter, since: now)
        }
        sights = seen
        living.formIntersection(seen.keys)
        return met
    }

    /// A certificate came to nothing: if the counter does not move, there will be another one.
    mutating func lookAgain(at other: Incarnation, now: Instant) {
        guard let sight = sights[other] else { return }
        sights[other] = Sight(counter: sight.counter, since: now)
    }

    /// When somebody's lease will have passed, if the counter does not move.
    var due: Instant {
        sights.values.filter { !$0.isReported }.map { $0.since + Limits.lease }.min()
            ?? .distantFuture
    }

    /// Those whose lease has passed, each once. What is `due` by now is not any more.
    mutating func takeOverdue(now: Instant) -> [Roster.Beat] {
        // Where the last answer is old, we were away ourselves, and the next one begins anew. Kept
        // until then, it would be due all the time, and nothing else would have its turn.
        guard now <= lookedAt + Limits.watchInterruption else {
            restart()
            return []
        }
        var overdue: [Roster.Beat] = []
        for (incarnation, sight) in sights
        where !sight.isReported && now >= sight.since + Limits.lease {
            sights[incarnation]?.isReported = true
            overdue.append(.init(incarnation: incarnation, counter: sight.counter))
        }
        return overdue
    }
}
