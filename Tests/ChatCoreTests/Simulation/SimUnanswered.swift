@testable import ChatCore

/// The messages that Redis has accepted and whose senders have no answer yet.
struct SimUnanswered {
    /// Their texts, and when they were accepted.
    private var waiting: [MessageID: (text: String, at: Instant)] = [:]
    /// The texts of those that were lost with all data: no sender can learn that they were accepted, and some
    /// are said once more.
    private(set) var forgotten: [MessageID: String] = [:]

    mutating func accepted(_ mid: MessageID, _ text: String, now: Instant) {
        waiting[mid] = (text, now)
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

    /// Notes that the names' records are gone. A client that is away for longer than its name lingers sends
    /// nothing again.
    mutating func dataLost(now: Instant) {
        let lost = waiting.filter { $0.value.at + Limits.nameLinger > now }
        forgotten.merge(lost.mapValues(\.text)) { first, _ in first }
        waiting = [:]
    }

    /// Whether a violation is that one of the forgotten messages was heard twice.
    func explains(_ violation: String) -> Bool {
        forgotten.keys.contains { violation.contains("\($0) twice, at ") }
    }
}
