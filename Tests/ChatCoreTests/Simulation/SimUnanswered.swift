@testable import ChatCore

/// The messages that Redis has accepted and whose senders have no answer yet.
struct SimUnanswered {
    /// When they were accepted.
    private var waiting: [MessageID: Instant] = [:]
    /// Those that were lost with all data: no sender can learn that they were accepted, and some are said
    /// once more.
    private var forgotten: Set<MessageID> = []

    mutating func accepted(_ mid: MessageID, now: Instant) { waiting[mid] = now }

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

    /// Notes that the names' records are gone. A client that is away for longer than its name lingers sends
    /// nothing again.
    mutating func dataLost(now: Instant) {
        forgotten.formUnion(waiting.filter { $0.value + Limits.nameLinger > now }.keys)
        waiting = [:]
    }

    /// Whether a violation is that a client of `chat.v1` has had one of the forgotten messages twice, under one
    /// id. Plain clients have not.
    func explains(_ violation: String) -> Bool {
        forgotten.contains { violation.contains("\($0) twice, at ") }
    }
}
