/// Lets clients in at a limited rate, many at once, and tells those that it does not let in when to come:
/// each at a time of its own, one after the other at that rate, so that they do not come together again.
///
/// A client that comes when it was told finds what it takes, unless others have come meanwhile: then it is
/// told another time.
public struct ArrivalLimit: Sendable {
    /// Nil: there is no limit.
    private let rate: TokenBucket.Rate?
    /// The same rate, one at a time.
    private let pace: TokenBucket.Rate?
    private var bucket = TokenBucket()
    /// The clients that were told a time: its debt is the time that the last one was told.
    private var told = TokenBucket()

    /// Makes a limit of `perSecond` clients per second, `burst` at once; 0 per second means no limit.
    public init(perSecond: Double = 0, burst: Double = 0) {
        rate = .init(perSecond: perSecond, burst: burst)
        pace = .init(perSecond: perSecond, burst: 0)
    }

    /// Lets a client in and returns nil, or returns how long it is to wait.
    public mutating func admit(now: Instant) -> Duration? {
        guard let rate, bucket.take(1, at: rate, now: now) != nil else { return nil }
        return nextTurn(now: now)
    }

    /// Returns how long the next client is to wait that is not let in: after all that were told a time
    /// before. Beyond `Limits.longestTurn` the times are spread over its second half.
    mutating func nextTurn(now: Instant) -> Duration {
        guard let pace else { return Limits.retryAfter }
        let wait = told.charge(1, at: pace, now: now)
        let longest = Limits.longestTurn.inNanoseconds
        guard wait > longest else { return .nanoseconds(wait) }
        return .nanoseconds(longest / 2 + wait % (longest / 2))
    }
}
