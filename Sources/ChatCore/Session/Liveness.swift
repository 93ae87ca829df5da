/// Decides when a socket is to be pinged, closed or cut: all timeouts of a connection in one state
/// machine.
///
/// The owner reports events, asks when to call `fire`, and then carries out the action it returns.
public struct Liveness: Sendable {
    /// The durations, the same for every connection of a node.
    public struct Policy: Sendable {
        let pingInterval: Duration
        let pongTimeout: Duration
        /// The same in nanoseconds, because they are used at every read.
        fileprivate let pingNanoseconds: Int64
        fileprivate let pongNanoseconds: Int64

        /// Makes a policy of the time between pings and the time for an answer to one.
        public init(
            pingInterval: Duration = Limits.pingInterval,
            pongTimeout: Duration = Limits.pongTimeout
        ) {
            self.pingInterval = pingInterval
            self.pongTimeout = pongTimeout
            pingNanoseconds = pingInterval.inNanoseconds
            pongNanoseconds = pongTimeout.inNanoseconds
        }
    }

    /// An action for the owner.
    public enum Action: Equatable, Sendable {
        case nothing
        case ping
        case close(CloseCode, reason: String)
        /// Close the connection without a close frame.
        case cut
    }

    private var heardAt: Instant
    private var pingedAt = Instant.distantFuture
    private var messageBeganAt = Instant.distantFuture
    private var blockedAt = Instant.distantFuture
    private var cutAt = Instant.distantFuture
    private var isClosing = false

    /// Starts with a socket that has just opened.
    public init(now: Instant) {
        heardAt = now
    }

    /// Notes that some byte came from the client: any byte counts as the answer to a ping.
    public mutating func heard(midMessage: Bool, now: Instant) {
        heardAt = now
        pingedAt = .distantFuture
        if !midMessage {
            messageBeganAt = .distantFuture
        } else if messageBeganAt == .distantFuture {
            messageBeganAt = now
        }
    }

    /// Notes that a whole message came, and that what follows belongs to another one.
    public mutating func messageEnded() {
        messageBeganAt = .distantFuture
    }

    /// Notes that the socket takes no more bytes.
    public mutating func blocked(now: Instant) {
        blockedAt = now
    }

    /// Notes that the socket has taken what waited.
    public mutating func unblocked() {
        blockedAt = .distantFuture
    }

    /// Notes that our close frame is being sent.
    public mutating func closing(now: Instant) {
        isClosing = true
        cutAt = now + Limits.closeTimeout
    }

    /// Notes that our close frame has been sent, and our direction of the connection is shut.
    public mutating func lingering(now: Instant) {
        cutAt = min(cutAt, now + Limits.lingerTimeout)
    }

    /// Returns the time at which `fire` will have something to do, if nothing else happens before.
    public func due(_ policy: Policy) -> Instant {
        if isClosing { return cutAt }
        let ping =
            pingedAt == .distantFuture
            ? heardAt.nanoseconds &+ policy.pingNanoseconds
            : pingedAt.nanoseconds &+ policy.pongNanoseconds
        return min(
            Instant(nanoseconds: ping),
            deadline(messageBeganAt, Limits.messageTimeout),
            deadline(blockedAt, Limits.stallTimeout)
        )
    }

    /// Returns the action that is due now.
    public mutating func fire(now: Instant, _ policy: Policy) -> Action {
        if isClosing { return now >= cutAt ? .cut : .nothing }
        if now >= deadline(blockedAt, Limits.stallTimeout) {
            return .close(.tooSlow, reason: "too slow: nothing was read for \(Limits.stallTimeout)")
        }
        if now >= deadline(messageBeganAt, Limits.messageTimeout) {
            return .close(
                .policyViolation,
                reason: "a message took longer than \(Limits.messageTimeout)"
            )
        }
        if pingedAt != .distantFuture {
            guard now >= pingedAt + policy.pongTimeout else { return .nothing }
            return .close(.noPong, reason: "no answer to a ping for \(policy.pongTimeout)")
        }
        guard now >= heardAt + policy.pingInterval else { return .nothing }
        pingedAt = now
        return .ping
    }

    private func deadline(_ since: Instant, _ timeout: Duration) -> Instant {
        since == .distantFuture ? .distantFuture : since + timeout
    }
}
