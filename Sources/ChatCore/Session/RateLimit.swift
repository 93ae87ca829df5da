/// Limits what one client may send: messages, bytes, and how long it may go on after it was told.
public struct RateLimit: Sendable {
    /// The limits, the same for every connection of a node.
    public struct Policy: Sendable {
        let messages: TokenBucket.Rate?
        let bytes: TokenBucket.Rate?
        /// The number of refused messages before the client is cut.
        let patience: TokenBucket.Rate?
        let byteDebtNanoseconds: Int64

        /// Makes a policy of rates per second and bursts; a rate of 0 means no limit.
        public init(
            messageRate: Double = Limits.messageRate,
            messageBurst: Double = Limits.messageBurst,
            byteRate: Double = Limits.byteRate,
            byteBurst: Double = Limits.byteBurst
        ) {
            messages = .init(perSecond: messageRate, burst: messageBurst)
            bytes = .init(perSecond: byteRate, burst: byteBurst)
            patience = .init(
                perSecond: messageRate,
                burst: messageBurst * Limits.floodBursts
            )
            let byteDebt: Duration =
                byteRate > 0 ? .seconds(byteBurst * Limits.floodBursts / byteRate) : .zero
            byteDebtNanoseconds = byteDebt.inNanoseconds
        }
    }

    /// The decision on a message.
    public enum Verdict: Equatable, Sendable {
        case admitted
        /// Too much for now; the next message is admitted after `retryAfter`.
        case refused(retryAfter: Duration)
        /// Too much for too long: close with 4008.
        case flooding
    }

    private var messages = TokenBucket()
    private var bytes = TokenBucket()
    private var patience = TokenBucket()
    /// The time until the last bytes would be admitted if they came once more, when they came, in nanoseconds;
    /// 0 or less: they were.
    private var byteDebtNanoseconds: Int64 = 0

    /// Starts with a client that has sent nothing.
    public init() {}

    /// Charges bytes that arrived on the wire. Returns false if the client is flooding: 4008.
    public mutating func received(_ count: Int, policy: Policy, now: Instant) -> Bool {
        guard let rate = policy.bytes else { return true }
        let debt = bytes.charge(Double(count), at: rate, now: now)
        byteDebtNanoseconds = debt > 0 ? debt + rate.nanoseconds(of: Double(count)) : debt
        return debt <= policy.byteDebtNanoseconds
    }

    /// Decides on one message, whose bytes have been charged before.
    public mutating func admit(policy: Policy, now: Instant) -> Verdict {
        var wait = byteDebtNanoseconds
        if wait <= 0, let rate = policy.messages {
            wait = messages.take(1, at: rate, now: now) ?? 0
        }
        guard wait > 0 else { return .admitted }
        if let rate = policy.patience, patience.take(1, at: rate, now: now) != nil {
            return .flooding
        }
        return .refused(retryAfter: .nanoseconds(wait))
    }
}
