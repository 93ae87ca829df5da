/// A request for a name.
public struct Claim: Sendable, Hashable {
    /// What a process knows of a name that it has had, and claims again: after a cut, in a new
    /// reign, or as a new incarnation.
    public struct Known: Sendable, Hashable {
        /// The fence it was granted.
        public let fence: UInt64
        /// The highest number it knows to be accepted.
        public let n: UInt64
        /// Where that message stands; 0 where that is not known.
        public let seq: UInt64
        /// The epoch in which the fence was granted.
        public let epoch: UInt64

        /// What is known.
        public init(fence: UInt64, n: UInt64, seq: UInt64, epoch: UInt64) {
            self.fence = fence
            self.n = n
            self.seq = seq
            self.epoch = epoch
        }
    }

    /// Under which reign.
    public let reign: Reign
    /// The name, in the spelling to be shown.
    public let username: Username
    /// The process that asks.
    public let incarnation: Incarnation
    /// The login that is to hold it.
    public let session: SessionID
    /// The lineage that begins, or, for a name that is claimed again, goes on.
    public let lineage: Lineage
    /// Nil for a new login.
    public let known: Known?

    /// A request by one login of one process.
    public init(
        reign: Reign,
        username: Username,
        incarnation: Incarnation,
        session: SessionID,
        lineage: Lineage,
        known: Known? = nil
    ) {
        self.reign = reign
        self.username = username
        self.incarnation = incarnation
        self.session = session
        self.lineage = lineage
        self.known = known
    }
}

/// What a name is held by.
public struct Grant: Sendable, Hashable {
    /// Grows with every change of the name's holder: an older one is refused.
    public let fence: UInt64
    /// The unbroken possession of the name.
    public let lineage: Lineage
    /// The last number accepted within the lineage.
    public let n: UInt64
    /// Where that message stands in its room's order; 0: none, or not known.
    public let seq: UInt64

    /// A name that is held.
    public init(fence: UInt64, lineage: Lineage, n: UInt64, seq: UInt64) {
        self.fence = fence
        self.lineage = lineage
        self.n = n
        self.seq = seq
    }
}

/// What becomes of a claim.
public enum ClaimAnswer: Sendable, Hashable {
    /// The name is the caller's.
    case granted(Grant)
    /// Somebody else has it.
    case taken
    /// A new login in a reign's grace: to be asked again when that is over.
    case grace
    /// Claimed again, and it has passed on to somebody else.
    case lost
    /// Claimed again, and the same user's newer login has taken it over.
    case replaced
    /// The incarnation is not known.
    case unregistered
    /// Nothing was written.
    case otherReign
}

/// Gives a name up, if it is still what the caller believes; whatever happened to it since, it is
/// not the caller's afterwards.
public struct Release: Sendable, Hashable {
    /// What must still hold of the record.
    public enum Condition: Sendable, Hashable {
        /// It is held by this login: how a login gives up its own.
        case session(SessionID)
        /// It has this fence: how a process frees a name that none of its logins knows.
        case fence(UInt64)
    }

    /// The folded name.
    public let key: String
    /// The process it is held by.
    public let incarnation: Incarnation
    /// What else must hold.
    public let condition: Condition

    /// A name to be freed.
    public init(key: String, incarnation: Incarnation, condition: Condition) {
        self.key = key
        self.incarnation = incarnation
        self.condition = condition
    }
}
