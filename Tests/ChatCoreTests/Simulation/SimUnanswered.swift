@testable import ChatCore

/// The messages that Redis has accepted and whose senders have no answer yet.
struct SimUnanswered {
    /// When they were accepted.
    private var waiting: [MessageID: Instant] = [:]
    /// Those that were lost with data: no sender can learn that they were accepted, and some are said once
    /// more.
    private var forgotten: Set<MessageID> = []
    /// Those of them that were lost with all data, then or by a later loss.
    private var forgottenWithAll: Set<MessageID> = []
    /// The forgotten ones that were accepted a second time.
    private var repeated: Set<MessageID> = []

    mutating func accepted(_ mid: MessageID, now: Instant) {
        waiting[mid] = now
        if forgotten.contains(mid) { repeated.insert(mid) }
    }

    /// Notes that a node has the answer to a call.
    mutating func delivered(_ call: BrokerCall) {
        guard case .publish(let call) = call else { return }
        for sealed in call.drafts { waiting[sealed.mid] = nil }
    }

    /// Notes that a sender is told of messages one after the other, of which this is the first.
    mutating func settled(_ settlement: Settlement, count: Int) {
        guard case .accepted(let first) = settlement else { return }
        for offset in 0..<count { waiting[first.advanced(by: offset).mid] = nil }
    }

    /// Notes that data is lost; what is left counts some of the messages. A client that is away for longer than
    /// its name lingers sends nothing again.
    mutating func dataLost(isAll: Bool, left store: Store, now: Instant) {
        var counted: [ProducerID: UInt64] = [:]
        for record in store.names.values { counted[record.producer] = record.n }
        let lost = waiting.filter { mid, since in
            since + Limits.nameLinger > now && mid.n > counted[mid.producer] ?? 0
        }.keys
        forgotten.formUnion(lost)
        guard isAll else { return }
        forgottenWithAll.formUnion(lost)
        waiting = [:]
    }

    /// Whether plain clients may have heard a message twice. After a loss of a part, nodes know what they have
    /// delivered.
    func mayBeTwice(_ mid: MessageID) -> Bool {
        repeated.contains(mid) && forgottenWithAll.contains(mid)
    }

    /// Whether a violation is that a client of `chat.v1` has heard one of the repeated messages twice.
    func explains(_ violation: String) -> Bool {
        repeated.contains { violation.contains("\($0) twice, at ") }
    }
}
