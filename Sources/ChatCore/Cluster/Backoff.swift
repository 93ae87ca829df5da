/// How long to wait before the next try: twice as long each time up to a bound, and within that
/// anything with equal likelihood ("full jitter"), so that nodes cut at one moment do not return
/// at one moment.
public struct Backoff: Sendable {
    private let first: Duration
    private let last: Duration
    private var ceiling: Duration

    /// Nothing has failed yet. The waits are drawn below `first` at first, and below `last` in the end.
    public init(
        first: Duration = Limits.redisBackoffFirst,
        last: Duration = Limits.redisBackoffLast
    ) {
        (self.first, self.last, ceiling) = (first, last, first)
    }

    /// One more try has failed. The answer is how long to wait.
    public mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let wait = Int64.random(in: 0...ceiling.inNanoseconds, using: &random)
        ceiling = min(ceiling * 2, last)
        return .nanoseconds(wait)
    }

    /// Has the next wait drawn below the last bound, because many more tries would do harm.
    public mutating func slowDown() {
        ceiling = last
    }

    /// It has worked.
    public mutating func reset() {
        ceiling = first
    }
}
