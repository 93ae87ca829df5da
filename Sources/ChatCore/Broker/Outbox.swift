/// What the sessions of one loop say in one room, on its way to the broker.
///
/// One call is in flight; what arrives meanwhile leaves with its answer. So batches grow with load,
/// and an idle room's message leaves at once, without a timer.
struct Outbox: Sendable {
    /// A message that waits, and since when.
    struct Waiting: Sendable {
        let draft: Draft
        let since: Instant
    }

    /// A message that has been sent, and when it came from its client.
    struct Sent: Sendable {
        let sealed: SealedDraft
        let since: Instant
        /// It has an answer, and was not written.
        var isVoid = false
    }

    private(set) var waiting: [Waiting] = []
    private(set) var inFlight: [Sent] = []
    private let maxWaiting: Int

    /// An empty outbox that takes at most so many messages beyond those in flight.
    init(maxWaiting: Int = Limits.outboxMessages) {
        self.maxWaiting = maxWaiting
    }

    /// Something waits, and no call is in flight.
    var mayLeave: Bool { inFlight.isEmpty && !waiting.isEmpty }

    /// Takes a message. False where the outbox is full: the broker does not keep up.
    mutating func add(_ draft: Draft, now: Instant) -> Bool {
        guard waiting.count < maxWaiting else { return false }
        waiting.append(Waiting(draft: draft, since: now))
        return true
    }

    /// Puts messages that were sent in vain back to the front, in their order.
    mutating func putBack(_ sent: [Sent]) {
        waiting.insert(
            contentsOf: sent.map { Waiting(draft: $0.sealed.draft, since: $0.since) },
            at: 0
        )
    }

    /// What becomes of a waiting message when a call could leave.
    enum Decision {
        case send(SealedDraft)
        /// Not now, and so nothing of the same sender behind it.
        case wait
        /// Never: it is out of the outbox, and its sender is to be told.
        case drop
    }

    /// Moves up to a batch of messages from waiting to in flight. Only while nothing is in flight.
    ///
    /// Cost: constant for each message that is not held back.
    mutating func fill(_ decide: (Draft) -> Decision) {
        precondition(inFlight.isEmpty, "one call is in flight per room")
        var kept: [Waiting] = []
        var index = 0
        var byteCount = 0
        inFlight.reserveCapacity(min(waiting.count, Limits.batchMessages))
        while index < waiting.count, inFlight.count < Limits.batchMessages,
            byteCount < Limits.batchBytes
        {
            let next = waiting[index]
            switch decide(next.draft) {
            case .send(let sealed):
                inFlight.append(Sent(sealed: sealed, since: next.since))
                byteCount += next.draft.body.count
            case .wait: kept.append(next)
            case .drop: break
            }
            index += 1
        }
        waiting.replaceSubrange(..<index, with: kept)
    }

    /// The call has been answered, or never will be: hands its messages back.
    mutating func takeInFlight() -> [Sent] {
        defer { inFlight = [] }
        return inFlight
    }

    /// An idle room keeps no more memory than a small batch takes.
    mutating func shrink() {
        if waiting.isEmpty, waiting.capacity > Self.keptCapacity { waiting = [] }
    }

    /// Of messages at 40 bytes: 5 KB a loop and room.
    private static let keptCapacity = 128

    /// Hands back what has waited since before an instant.
    mutating func takeWaiting(since instant: Instant = .distantFuture) -> [Draft] {
        guard waiting.contains(where: { $0.since <= instant }) else { return [] }
        let late = waiting.filter { $0.since <= instant }.map(\.draft)
        waiting.removeAll { $0.since <= instant }
        return late
    }
}
