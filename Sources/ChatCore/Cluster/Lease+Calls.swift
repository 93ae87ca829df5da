extension Lease {
    /// What is asked of the broker, answered in order.
    public enum Call: Sendable, Hashable {
        /// Which epoch it is?
        case openEpoch(OpenEpochCall)
        /// Makes this incarnation known.
        case register(RegisterCall)
        /// A heartbeat.
        case renew(RenewCall)
        /// A death certificate.
        case certify(CertifyCall)
        /// The time to wait for those who held names before is over.
        case endGrace(Epoch)
    }

    /// The answer to the oldest unanswered call.
    public enum Answer: Sendable, Hashable {
        /// To `openEpoch`.
        case openEpoch(OpenEpochAnswer)
        /// To `register` and `renew`.
        case roster(RosterAnswer)
        /// To `certify`.
        case certify(CertifyAnswer)
        /// To `endGrace`: false if another epoch has begun.
        case endGrace(Bool)
        /// To any: turned away, nothing was written.
        case refused
    }

    /// What is to be done, in order.
    public enum Effect: Sendable, Hashable {
        /// Ask the broker.
        case call(Call)
        /// Tell every loop, also when nothing has changed: it may have doubted it.
        case registrationChanged(Registration)
        /// Tell every loop until when names are sure.
        case leaseExpiry(Instant)
        /// Another process lives: it was seen for the first time, and has moved since.
        case met(Incarnation)
        /// Free the names of a dead process, then say `reaped`.
        case reap(Incarnation)
        /// What is kept has the form of another version of this program: stop.
        case otherVersion(version: UInt64)
    }
}
