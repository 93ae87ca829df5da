extension Session {
    /// Takes what the broker's answers mean for it.
    public mutating func take(
        _ answer: BrokerClient.SessionAnswer,
        into effects: inout [Effect]
    ) {
        switch answer {
        case .claimed(let outcome): claimed(outcome, into: &effects)
        case .released: released(into: &effects)
        case .settled(let settlement, let drafts):
            settled(settlement, of: drafts, into: &effects)
        case .entered(let room, let birth): entered(room, birth: birth, into: &effects)
        case .notBegun(let room):
            let wait = conversation?.newRoomDebt ?? Limits.retryAfter
            notEntered(room, .tooMuch(retryAfter: wait), into: &effects)
        case .notEntered(let room, let reason):
            let why = Refusal.unavailable(reason: reason, retryAfter: Limits.retryAfter)
            notEntered(room, why, into: &effects)
        case .stalled(let isStalled): stalled(isStalled, into: &effects)
        case .nameLost(let username, let isReplaced):
            nameLost(username, isReplaced: isReplaced, into: &effects)
        }
    }
}
