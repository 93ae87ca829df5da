/// Makes an incarnation known, before it may claim.
public struct RegisterCall: Sendable, Hashable {
    /// Under which reign.
    public let reign: Reign
    /// The process.
    public let incarnation: Incarnation
    /// What people call it; two that run under one label are a mistake worth a warning.
    public let label: String

    /// A process that joins.
    public init(reign: Reign, incarnation: Incarnation, label: String) {
        self.reign = reign
        self.incarnation = incarnation
        self.label = label
    }
}

/// A heartbeat: one increment, whatever the number of names.
public struct RenewCall: Sendable, Hashable {
    /// Under which reign.
    public let reign: Reign
    /// The process.
    public let incarnation: Incarnation

    /// A process that lives.
    public init(reign: Reign, incarnation: Incarnation) {
        self.reign = reign
        self.incarnation = incarnation
    }
}

/// Everybody's heartbeats, as every registration and renewal is answered.
public struct Roster: Sendable, Hashable {
    /// One process's heartbeat counter.
    public struct Beat: Sendable, Hashable {
        /// The process.
        public let incarnation: Incarnation
        /// Grows with each of its renewals.
        public let counter: UInt64

        /// A counter as it was read.
        public init(incarnation: Incarnation, counter: UInt64) {
            self.incarnation = incarnation
            self.counter = counter
        }
    }

    /// Those that may claim, in no order.
    public let beats: [Beat]
    /// Those certified dead whose names are not all free yet, in no order.
    public let dead: [Incarnation]

    /// What was read in one step.
    public init(beats: [Beat], dead: [Incarnation]) {
        self.beats = beats
        self.dead = dead
    }
}

/// The answer to a registration or a renewal.
public enum RosterAnswer: Sendable, Hashable {
    /// It counts.
    case roster(Roster)
    /// Not known, or certified dead: this incarnation never comes back.
    case unregistered
    /// Nothing was written.
    case otherReign
}

/// Declares another process dead, whose counter the caller has itself seen unchanged for a lease.
public struct CertifyCall: Sendable, Hashable {
    /// Under which reign.
    public let reign: Reign
    /// The process that has watched.
    public let incarnation: Incarnation
    /// The process that has not moved, with the counter seen.
    public let dead: Roster.Beat

    /// A death certificate.
    public init(reign: Reign, incarnation: Incarnation, dead: Roster.Beat) {
        self.reign = reign
        self.incarnation = incarnation
        self.dead = dead
    }
}

/// What became of a certificate.
public enum CertifyAnswer: Sendable, Hashable {
    /// It is dead now; its names are claimable, and are to be reaped.
    case certified
    /// It has moved, or was certified by somebody else before.
    case moved
    /// The caller itself is not known.
    case unregistered
    /// Nothing was written.
    case otherReign
}

/// Takes names from a process that is certified dead.
public struct ReapCall: Sendable, Hashable {
    /// Under which reign.
    public let reign: Reign
    /// The dead process.
    public let dead: Incarnation
    /// Keys of some of its names. With none, only asks how many are left.
    public let keys: [String]

    /// Names to be freed.
    public init(reign: Reign, dead: Incarnation, keys: [String]) {
        self.reign = reign
        self.dead = dead
        self.keys = keys
    }
}

/// What is left of a dead process.
public enum ReapAnswer: Sendable, Hashable {
    /// So many names are still its; at 0 nothing of it is left, and it is off the list of the dead.
    case left(Int)
    /// It is not, or no longer, on the list of the dead.
    case notDead
    /// Nothing was written.
    case otherReign
}
