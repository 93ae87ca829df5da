/// Limits a rate with bursts: the generic cell rate algorithm (ITU-T I.371). Layout: eight bytes,
/// because it stores the time at which the bucket will be full again instead of a level and a time.
public struct TokenBucket: Sendable {
    /// The rate at which a bucket fills, and the number of tokens it holds.
    public struct Rate: Sendable {
        let nanosecondsPerToken: Double
        let burstNanoseconds: Int64

        /// Makes a rate of `perSecond` tokens per second, `burst` at once. Nil if the rate is 0: no
        /// limit.
        public init?(perSecond: Double, burst: Double) {
            guard perSecond > 0 else { return nil }
            nanosecondsPerToken = 1e9 / perSecond
            burstNanoseconds = Int64(clamping: burst * nanosecondsPerToken)
        }

        /// How long it takes for tokens to come, in nanoseconds.
        func nanoseconds(of tokens: Double) -> Int64 {
            Int64(clamping: tokens * nanosecondsPerToken)
        }
    }

    /// The time at which the bucket is full again.
    private var fullAt = Instant.distantPast

    /// Makes a full bucket.
    public init() {}

    /// Takes tokens even if there are not enough. Returns the number of nanoseconds until the debt
    /// is gone; zero or less if there is none.
    ///
    /// All calculations are in nanoseconds: a `Duration` has 128 bits, and dividing them costs as
    /// much as all of this together.
    mutating func charge(_ tokens: Double, at rate: Rate, now: Instant) -> Int64 {
        let now = now.nanoseconds
        let full = max(now, fullAt.nanoseconds) &+ cost(tokens, rate)
        fullAt = Instant(nanoseconds: min(full, now &+ Int64.farAway))
        return fullAt.nanoseconds &- now &- rate.burstNanoseconds
    }

    /// Takes tokens, or none if there are not enough: then it returns the number of nanoseconds to
    /// wait.
    mutating func take(_ tokens: Double, at rate: Rate, now: Instant) -> Int64? {
        let before = fullAt
        let debt = charge(tokens, at: rate, now: now)
        guard debt > 0 else { return nil }
        fullAt = before
        return debt
    }

    private func cost(_ tokens: Double, _ rate: Rate) -> Int64 {
        Int64(clamping: tokens * rate.nanosecondsPerToken)
    }
}

extension Int64 {
    /// Thirty years in nanoseconds: sums of a few such values do not overflow.
    fileprivate static let farAway: Int64 = 1_000_000_000_000_000_000

    fileprivate init(clamping nanoseconds: Double) {
        self = nanoseconds < Double(Self.farAway) ? Int64(Swift.max(nanoseconds, 0)) : Self.farAway
    }
}
