/// Whether a subscription still brings what is published: a half-open connection looks fine for
/// minutes, and an answer to a PING proves the connection only. So a message is sent through the
/// broker to the node itself, and has to come back.
public struct SubscriptionProbe: Sendable {
    /// What is to be done.
    public enum Action: Sendable, Hashable {
        case nothing
        /// Publish something that comes back over the subscription.
        case probe
        /// Nothing has come for too long: tear the subscription down and start over.
        case giveUp
    }

    private var heardAt: Instant
    private var probedAt: Instant

    /// A subscription that has just been confirmed.
    public init(now: Instant) {
        heardAt = now
        probedAt = .distantPast
    }

    /// Something came over it, whatever it was.
    public mutating func heard(now: Instant) {
        heardAt = now
    }

    /// When `tick` has something to do.
    public var due: Instant {
        min(probedAt + Limits.probeInterval, heardAt + Limits.probeTimeout)
    }

    /// What is due. A process that has been stopped itself first sends a probe and waits for it.
    public mutating func tick(now: Instant) -> Action {
        let isLate = now > probedAt + Limits.probeInterval + Limits.probeTimeout
        if now >= heardAt + Limits.probeTimeout, !isLate { return .giveUp }
        guard now >= probedAt + Limits.probeInterval else { return .nothing }
        if isLate { heardAt = now }
        probedAt = now
        return .probe
    }
}
