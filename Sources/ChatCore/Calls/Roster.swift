/// A request to register an incarnation, before it may claim names.
public struct RegisterCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The process.
    public let incarnation: Incarnation
    /// The node's name for people; two processes under one label are a mistake that deserves a
    /// warning.
    public let label: String

    /// Makes the registration of a process.
    public init(epoch: Epoch, incarnation: Incarnation, label: String) {
        self.epoch = epoch
        self.incarnation = incarnation
        self.label = label
    }
}

/// A heartbeat: one increment, whatever the number of names.
public struct RenewCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The process.
    public let incarnation: Incarnation

    /// Makes the heartbeat of a process.
    public init(epoch: Epoch, incarnation: Incarnation) {
        self.epoch = epoch
        self.incarnation = incarnation
    }
}

/// The heartbeats of all processes; the answer to every registration and renewal.
public struct Roster: Sendable, Hashable {
    /// One process's heartbeat counter.
    public struct Heartbeat: Sendable, Hashable {
        /// The process.
        public let incarnation: Incarnation
        /// The counter, which grows with each renewal.
        public let counter: UInt64

        /// Makes a heartbeat of a counter that was read.
        public init(incarnation: Incarnation, counter: UInt64) {
            self.incarnation = incarnation
            self.counter = counter
        }
    }

    /// The processes that may claim, in no order.
    public let heartbeats: [Heartbeat]
    /// The processes certified dead whose names are not all free yet, in no order.
    public let dead: [Incarnation]

    /// Makes a roster that was read in one step.
    public init(heartbeats: [Heartbeat], dead: [Incarnation]) {
        self.heartbeats = heartbeats
        self.dead = dead
    }
}

/// The answer to a registration or a renewal.
public enum RosterAnswer: Sendable, Hashable {
    /// The process is registered.
    case roster(Roster)
    /// The incarnation is unknown or certified dead; it can never register again.
    case unregistered
    /// The epoch has changed; nothing was written.
    case otherEpoch
}

/// Declares another process dead, after the caller itself has seen its counter unchanged for a
/// lease.
public struct CertifyCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The process that has observed the other one.
    public let incarnation: Incarnation
    /// The process that sends no heartbeats, with the last counter seen.
    public let dead: Roster.Heartbeat

    /// Makes a death certificate.
    public init(epoch: Epoch, incarnation: Incarnation, dead: Roster.Heartbeat) {
        self.epoch = epoch
        self.incarnation = incarnation
        self.dead = dead
    }
}

/// The answer to a `CertifyCall`.
public enum CertifyAnswer: Sendable, Hashable {
    /// The process is dead now; its names can be claimed, and have to be reaped.
    case certified
    /// The process has sent a heartbeat, or another process has certified its death before.
    case moved
    /// The caller itself is not registered.
    case unregistered
    /// The epoch has changed; nothing was written.
    case otherEpoch
}

/// A request to free names of a process that is certified dead.
public struct ReapCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The dead process.
    public let dead: Incarnation
    /// The keys of some of its names; if empty, the call only asks how many are left.
    public let keys: [String]

    /// Makes a request to free names.
    public init(epoch: Epoch, dead: Incarnation, keys: [String]) {
        self.epoch = epoch
        self.dead = dead
        self.keys = keys
    }
}

/// The answer to a `ReapCall`.
public enum ReapAnswer: Sendable, Hashable {
    /// The number of names the process still holds; at 0 it is no longer on the list of the dead.
    case left(Int)
    /// The process is not, or no longer, on the list of the dead.
    case notDead
    /// The epoch has changed; nothing was written.
    case otherEpoch
}
