/// What the sessions of one loop say in one room, on its way to the broker.
///
/// One call is in flight; what arrives meanwhile leaves with its answer. So batches grow with load,
/// and an idle room's message leaves at once, without a timer.
public struct Outbox: Sendable {
    private var waiting: [Draft] = []
    private var inFlight: [SealedDraft] = []
    private let maxWaiting: Int

    /// An empty outbox that takes at most so many messages beyond those in flight.
    public init(maxWaiting: Int = Limits.outboxMessages) {
        self.maxWaiting = maxWaiting
    }

    /// Nothing waits and nothing is in flight: the outbox may go.
    public var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }
    /// Something waits and a call may leave.
    public var isReady: Bool { !waiting.isEmpty && inFlight.isEmpty }

    /// Takes a message. False where the outbox is full: the broker does not keep up.
    public mutating func add(_ draft: Draft) -> Bool {
        guard waiting.count < maxWaiting else { return false }
        waiting.append(draft)
        return true
    }

    /// The next call's messages, sealed by their sessions; nil where none may leave now. What the
    /// seal refuses is left out: its sender has lost the name, and it is the seal's to tell.
    public mutating func nextBatch(
        seal: (Draft) -> SealedDraft?
    ) -> [SealedDraft]? {
        guard isReady else { return nil }
        let count = min(waiting.count, Limits.batchMessages)
        inFlight.reserveCapacity(count)
        for draft in waiting.prefix(count) {
            if let sealed = seal(draft) { inFlight.append(sealed) }
        }
        waiting.removeFirst(count)
        return inFlight.isEmpty ? nil : inFlight
    }

    /// The call has been answered: hands its messages back, and the next call may leave.
    public mutating func answered() -> [SealedDraft] {
        defer { inFlight = [] }
        return inFlight
    }
}
