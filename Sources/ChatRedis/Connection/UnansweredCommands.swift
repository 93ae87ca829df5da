import ChatCore
import ChatSupport
import NIOCore

/// The commands of one connection that have no answer yet, in the order in which they were sent, and
/// whether they have waited too long.
///
/// On: the connection's loop.
struct UnansweredCommands {
    struct Command {
        let sent: Instant
        /// Whether it is the connection's own PING.
        let isProof: Bool
        let then: (RedisConnection.Answer) -> Void
    }

    private var commands = CircularBuffer<Command>()
    /// When the newest command was sent; before the first, when the connection was made.
    private var newestSent = Clock.now

    var count: Int { commands.count }

    mutating func append(
        isProof: Bool,
        then: @escaping (RedisConnection.Answer) -> Void
    ) {
        newestSent = Clock.now
        commands.append(Command(sent: newestSent, isProof: isProof, then: then))
    }

    /// Takes out the oldest command, which the next answer is for.
    mutating func popFirst() -> Command? { commands.popFirst() }

    mutating func removeAll() { commands = [] }

    /// Returns whether the oldest command has waited too long and no byte has come meanwhile. If bytes
    /// come, its answer is still on its way after those to earlier commands.
    func isOverdue(now: Instant, heardAt: Instant) -> Bool {
        guard let oldest = commands.first else { return false }
        return now - max(oldest.sent, heardAt) >= Limits.redisCommandTimeout
    }

    /// Returns whether no command waits, and none was sent for `Limits.redisIdleInterval`.
    func isIdle(now: Instant) -> Bool {
        commands.isEmpty && now - newestSent >= Limits.redisIdleInterval
    }
}
