import ChatCore

/// Whether the node at the other end of a socket is still there.
///
/// A node pings a client that is silent, so a socket on which nothing comes for longer is asked with a
/// `ping`, and cut if not one byte comes. After the machine has slept it is asked at once.
struct ClientLiveness {
    enum Verdict { case fine, probe, dead }

    /// After how much silence of the client a node pings.
    var pingInterval = Limits.pingInterval
    private var lastHeard = Instant.distantPast
    /// When the node was asked, if it has not been heard since.
    private var probedAt: Instant?
    private var isPaused = false
    /// Whether the socket was given up.
    private var isDead = false
    /// An answer that was awaited earlier than this is counted from here.
    private var notBefore = Instant.distantPast

    init() {}

    init(heardAt now: Instant) {
        lastHeard = now
    }

    mutating func heard(at now: Instant) {
        lastHeard = now
        probedAt = nil
    }

    /// Takes that the owner does not read the socket, or reads it again.
    mutating func reading(isPaused: Bool, at now: Instant) {
        self.isPaused = isPaused
        heard(at: now)
        notBefore = now
    }

    /// Takes that an answer is due from now on only.
    mutating func excuse(until now: Instant) {
        notBefore = now
    }

    /// Takes that the node is asked now. Returns false if that has no use: its answer would not be read, or the
    /// socket was given up.
    mutating func ask(at now: Instant) -> Bool {
        guard !isPaused, !isDead else { return false }
        probedAt = now
        return true
    }

    /// The next instant at which `check` can say something else.
    func nextInstant(awaitedSince: Instant?) -> Instant {
        guard !isPaused, !isDead else { return .distantFuture }
        if let probedAt { return probedAt + Limits.pongTimeout }
        return min(lastHeard + silence(awaitedSince), answerBound(awaitedSince))
    }

    /// Decides. An answer that does not come although the node is heard ends the socket as well: over the
    /// next one it is asked for again.
    mutating func check(awaitedSince: Instant?, now: Instant) -> Verdict {
        guard !isPaused, !isDead else { return .fine }
        if let probedAt {
            guard now >= probedAt + Limits.pongTimeout else { return .fine }
        } else if now >= lastHeard + silence(awaitedSince) {
            probedAt = now
            return .probe
        } else if now < answerBound(awaitedSince) {
            return .fine
        }
        isDead = true
        return .dead
    }

    private func answerBound(_ awaitedSince: Instant?) -> Instant {
        guard let awaitedSince else { return .distantFuture }
        return max(awaitedSince, notBefore) + Limits.clientAnswerTimeout
    }

    private func silence(_ awaitedSince: Instant?) -> Duration {
        awaitedSince == nil ? pingInterval : min(pingInterval, Limits.clientAnswerSilence)
    }
}
