/// How long to wait before the next try: twice as long each time up to a bound, and within that
/// anything with equal likelihood ("full jitter"), so that nodes cut at one moment do not return
/// at one moment.
public struct Backoff: Sendable {
    private var ceiling = Limits.redisBackoffFirst

    /// Nothing has failed yet.
    public init() {}

    /// One more try has failed. The answer is how long to wait.
    public mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let wait = Int64.random(in: 0...ceiling.inNanoseconds, using: &random)
        ceiling = min(ceiling * 2, Limits.redisBackoffLast)
        return .nanoseconds(wait)
    }

    /// It has worked.
    public mutating func reset() {
        ceiling = Limits.redisBackoffFirst
    }
}
