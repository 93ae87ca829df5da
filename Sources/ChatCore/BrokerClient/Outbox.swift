/// The messages of one loop's sessions in one room that are on their way to the broker.
///
/// One call is in flight; messages that arrive meanwhile are sent after its answer. So batches grow
/// with load, and an idle room's message is sent at once, without a timer.
struct Outbox: Sendable {
    /// A message that waits, and the time since when.
    struct Waiting: Sendable {
        let draft: Draft
        let since: Instant
    }

    /// A message that has been sent, and when it came from its client.
    struct Sent: Sendable {
        let sealed: SealedDraft
        let since: Instant
        /// Whether others may have heard it, because it was sent before, without an answer. Only known of a
        /// message whose sender's login is over.
        var mayBeHeard = false
        /// Whether an answer said that it was not written. Not set beside `mayBeHeard`.
        var isVoid = false
    }

    private(set) var waiting: [Waiting] = []
    private(set) var inFlight: [Sent] = []
    private let maxWaiting: Int

    /// Makes an empty outbox, which takes at most `maxWaiting` messages beyond those in flight.
    init(maxWaiting: Int = Limits.outboxMessages) {
        self.maxWaiting = maxWaiting
    }

    /// Whether no message waits or is in flight.
    var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }

    /// Whether messages wait, and no call is in flight.
    var mayLeave: Bool { inFlight.isEmpty && !waiting.isEmpty }

    /// Adds a message. Returns false if the outbox is full: the broker is too slow.
    mutating func add(_ draft: consuming Draft, now: Instant) -> Bool {
        guard waiting.count < maxWaiting else { return false }
        waiting.append(Waiting(draft: draft, since: now))
        return true
    }

    /// Puts messages that were sent without effect back to the front, in their order.
    mutating func putBack(_ sent: [Sent]) {
        waiting.insert(
            contentsOf: sent.map { Waiting(draft: $0.sealed.draft, since: $0.since) },
            at: 0
        )
    }

    /// What becomes of a waiting message if a call can be sent.
    enum Decision {
        case send(SealedDraft)
        /// Keep it for a later call, together with all later messages of the same sender.
        case wait
        /// Never send it: it is removed from the outbox.
        case drop
    }

    /// Moves up to a batch of messages from waiting to in flight. Only while nothing is in flight. A message
    /// that takes another one back is a batch of its own.
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
            if next.draft.tag.isRemoval, !inFlight.isEmpty { break }
            switch decide(next.draft) {
            case .send(let sealed):
                inFlight.append(Sent(sealed: sealed, since: next.since))
                byteCount += next.draft.body.count
            case .wait: kept.append(next)
            case .drop: break
            }
            index += 1
            if next.draft.tag.isRemoval, !inFlight.isEmpty { break }
        }
        waiting.replaceSubrange(..<index, with: kept)
    }

    /// Removes and returns the messages in flight: their call has been answered, or never will be.
    mutating func takeInFlight() -> [Sent] {
        defer { inFlight = [] }
        return inFlight
    }

    /// Notes of a sender's messages in flight, up to a number, that others may have heard them.
    mutating func doubt(upTo number: UInt64, of sender: SocketID) {
        for index in inFlight.indices
        where inFlight[index].sealed.draft.sender == sender && inFlight[index].sealed.n <= number {
            inFlight[index].mayBeHeard = true
        }
    }

    /// Frees memory, so that an idle room keeps no more than a small batch takes.
    mutating func shrink() {
        if waiting.isEmpty, waiting.capacity > Self.keptCapacity { waiting = [] }
    }

    /// The capacity that an idle room keeps: messages of 40 bytes, so 5 KB for each loop and room.
    private static let keptCapacity = 128

    /// Removes and returns the messages that have waited since `instant` or longer.
    mutating func takeWaiting(since instant: Instant = .distantFuture) -> [Draft] {
        guard waiting.contains(where: { $0.since <= instant }) else { return [] }
        let late = waiting.filter { $0.since <= instant }.map(\.draft)
        waiting.removeAll { $0.since <= instant }
        return late
    }

    /// Removes a sender's messages that wait, in their order, up to the first that is not taken.
    mutating func takeWaiting(of sender: SocketID, while take: (Draft) -> Bool) {
        var isOver = false
        var kept: [Waiting] = []
        for message in waiting {
            if !isOver, message.draft.sender == sender {
                if take(message.draft) { continue }
                isOver = true
            }
            kept.append(message)
        }
        waiting = kept
    }
}
