import ChatCore

/// Owns a `RedisConnection` and hears what happens on it.
///
/// In this order, and always on the connection's loop:
///
/// 1. `answered` for each answer, right before the callback of its command.
/// 2. `pushed` at the end of a read that has brought something, and before `isOver` for what had come.
/// 3. `isOver` once and last, after each command without an answer has failed. The connection has
///    forgotten its delegate by then.
///
/// None of them is called inside `send`, `subscribe`, `flush` or `close`, and none after `close`.
/// `pushed` and `isOver` may call every method of the connection, `answered` may call none.
protocol RedisConnectionDelegate: AnyObject {
    /// Hears when a command was sent and its answer has come. The connection's own PING is left out.
    func answered(_ connection: RedisConnection, sent: Instant, now: Instant)
    /// Hears all that one read has brought to a subscriber: messages, confirmations, errors.
    func pushed(_ connection: RedisConnection, _ values: [RespValue])
    /// Hears why the connection is over, unless `close` has ended it.
    func isOver(_ connection: RedisConnection, _ fault: RedisFault)
}

extension RedisConnectionDelegate {
    func answered(_ connection: RedisConnection, sent: Instant, now: Instant) {}
    func pushed(_ connection: RedisConnection, _ values: [RespValue]) {}
}
