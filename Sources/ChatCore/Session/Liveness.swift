/// When one socket is to be pinged, given up or cut: all timeouts of a connection in one machine.
///
/// The owner reports what happens, asks when to come back, and carries out what it is told then.
public struct Liveness: Sendable {
    /// The durations, the same for every connection of a node.
    public struct Policy: Sendable {
        let pingInterval: Duration
        let pongTimeout: Duration
        /// The same in nanoseconds: asked for at every read.
        fileprivate let pingNanoseconds: Int64
        fileprivate let pongNanoseconds: Int64

        /// Time between pings, and time for an answer to one.
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

    /// What the owner has to do.
    public enum Action: Equatable, Sendable {
        case nothing
        case ping
        case close(CloseCode, reason: String)
        /// Close the connection without another word.
        case cut
    }

    private var heardAt: Instant
    private var pingedAt = Instant.distantFuture
    private var messageBeganAt = Instant.distantFuture
    private var blockedAt = Instant.distantFuture
    private var cutAt = Instant.distantFuture
    private var isClosing = false

    /// A socket that has just opened.
    public init(now: Instant) {
        heardAt = now
    }

    /// Some byte came from the client: it lives, which answers any ping.
    public mutating func heard(midMessage: Bool, now: Instant) {
        heardAt = now
        pingedAt = .distantFuture
        if !midMessage {
            messageBeganAt = .distantFuture
        } else if messageBeganAt == .distantFuture {
            messageBeganAt = now
        }
    }

    /// A whole message came, and what follows it is another one.
    public mutating func messageEnded() {
        messageBeganAt = .distantFuture
    }

    /// The socket takes no more bytes.
    public mutating func blocked(now: Instant) {
        blockedAt = now
    }

    /// It has taken what waited.
    public mutating func unblocked() {
        blockedAt = .distantFuture
    }

    /// Our close frame is on its way.
    public mutating func closing(now: Instant) {
        isClosing = true
        cutAt = now + Limits.closeTimeout
    }

    /// Our close frame has left, and our direction of the connection is shut.
    public mutating func lingering(now: Instant) {
        cutAt = min(cutAt, now + Limits.lingerTimeout)
    }

    /// When `fire` has something to do, as things stand.
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

    /// What is due now.
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
