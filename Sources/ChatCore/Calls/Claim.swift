/// A request for a name, one of a `ClaimCall`.
public struct Claim: Sendable, Hashable {
    /// What a process knows of a name that it has held, and claims again: after a cut connection,
    /// in a new epoch, or as a new incarnation.
    public struct Known: Sendable, Hashable {
        /// The fence of the last grant.
        public let fence: UInt64
        /// The highest number that the process knows to be accepted.
        public let n: UInt64
        /// The place of that message; 0 if it is not known.
        public let seq: UInt64
        /// The epoch in which the fence was granted.
        public let epoch: UInt64
        /// The number up to which others may have heard messages, although the record may not count them; 0:
        /// none. A login that takes the name over goes on above it.
        public let reserved: UInt64

        /// Makes the knowledge of an earlier grant.
        public init(fence: UInt64, n: UInt64, seq: UInt64, epoch: UInt64, reserved: UInt64 = 0) {
            self.fence = fence
            self.n = n
            self.seq = seq
            self.epoch = epoch
            self.reserved = reserved
        }
    }

    /// The name, in the spelling to be shown.
    public let username: Username
    /// The login that is to hold the name.
    public let login: LoginID
    /// The producer that begins or, for a name that is claimed again, continues.
    public let producer: ProducerID
    /// An earlier login of the same client, which proves that it is the same user's: the name is taken
    /// over from it, wherever it is. Nil: there is none.
    public let proof: LoginID?
    /// What is known of an earlier grant; nil for a new login.
    public let known: Known?
    /// The rooms that the name is to be present in: of a new login in addition to those that it has taken
    /// over, of a name that is claimed again all. At most `Limits.presencePairs` in the claims of a call,
    /// unless its first one has more.
    public let rooms: [RoomName]

    /// Makes a request by one login.
    public init(
        username: Username,
        login: LoginID,
        producer: ProducerID,
        proof: LoginID? = nil,
        known: Known? = nil,
        rooms: [RoomName] = []
    ) {
        self.username = username
        self.login = login
        self.producer = producer
        self.proof = proof
        self.known = known
        self.rooms = rooms
    }
}

/// A call that claims names for logins of one process, in this order: each claim sees what those
/// before it have changed.
public struct ClaimCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The process that asks.
    public let incarnation: Incarnation
    /// The number of the call on its loop. A call that got no answer may arrive late, after a later one for the
    /// same names: then it changes nothing.
    public let number: UInt64
    /// The claims, at most `Limits.claimsPerCall`.
    public let claims: [Claim]

    /// Makes a call with claims of one process.
    public init(epoch: Epoch, incarnation: Incarnation, number: UInt64, claims: [Claim]) {
        self.epoch = epoch
        self.incarnation = incarnation
        self.number = number
        self.claims = claims
    }
}

/// What a process is told about a name that it holds.
public struct Grant: Sendable, Hashable {
    /// The fencing token, which grows with every change of the name's holder: an older one is
    /// refused.
    public let fence: UInt64
    /// The producer id: this uninterrupted possession of the name. The claim's own if the name is granted
    /// anew, or was taken over from an older epoch.
    public let producer: ProducerID
    /// The last number accepted from the producer.
    public let n: UInt64
    /// The place of that message in its room's order; 0 if there is none or it is not known.
    public let seq: UInt64
    /// The rooms that the name of a new login was present in before, and still is.
    public let rooms: [RoomName]

    /// Makes a grant.
    public init(
        fence: UInt64,
        producer: ProducerID,
        n: UInt64,
        seq: UInt64,
        rooms: [RoomName] = []
    ) {
        self.fence = fence
        self.producer = producer
        self.n = n
        self.seq = seq
        self.rooms = rooms
    }
}

/// The outcome of one claim.
public enum ClaimVerdict: Sendable, Hashable {
    /// The name is the caller's.
    case granted(Grant)
    /// Another login holds the name.
    case taken
    /// The name is held by a login that has taken it over from the one that is the proof, and whose socket
    /// still stands.
    case successorStands
    /// The epoch is in its grace, and the login is new: it has to ask again after the grace.
    case grace
    /// A name claimed again has passed on to another user's login.
    case lost
    /// A name claimed again has been taken over by a newer login of the same user.
    case replaced
    /// The claim was turned away for a reason that concerns this name alone, and nothing was written
    /// for it; `reason` is for people.
    case refused(reason: String)
    /// The claims before it have had as many rooms as one call may look at: it is to be made once more.
    case later
}

/// The answer to a `ClaimCall`.
public enum ClaimAnswer: Sendable, Hashable {
    /// A verdict for each claim, in the call's order.
    case verdicts([ClaimVerdict])
    /// The incarnation is not registered; nothing was written.
    case unregistered
    /// The epoch has changed; nothing was written.
    case otherEpoch

    /// The highest fence that the answer grants; nil if it grants no name.
    public var highestFence: UInt64? {
        guard case .verdicts(let verdicts) = self else { return nil }
        return verdicts.lazy.compactMap {
            if case .granted(let grant) = $0 { grant.fence } else { nil }
        }.max()
    }
}

/// A login whose name a newer login of the same user has taken over.
public struct Replacement: Sendable, Hashable {
    /// The process that the login belongs to, which is to be told.
    public let incarnation: Incarnation
    /// The login.
    public let login: LoginID
}

/// A request to give a name up, carried out if its record is still as the caller believes.
public struct Release: Sendable, Hashable {
    /// What becomes of the name and its record. After the first two the name no longer belongs to the
    /// caller, whether the record was as it believes or not.
    public enum Action: Sendable, Hashable {
        /// The name is free, and nothing is kept of it: its user has given it up.
        case delete
        /// The name is free. Its record stays for a while without a holder, so that the user can come back
        /// with the login's secret to where it was.
        case empty
        /// The name is still held, but its socket is gone: from now on the secret of the login before this
        /// one takes it over, too.
        case linger
    }

    /// A condition on the record of the name.
    public enum Condition: Sendable, Hashable {
        /// The name is held by this login: for a login that gives up its own name.
        case login(LoginID)
        /// The record has this fence: for a process that frees a name which none of its logins
        /// knows.
        case fence(UInt64)
    }

    /// The key of the name, in lower case.
    public let key: String
    /// The process that holds it.
    public let incarnation: Incarnation
    /// What else must hold.
    public let condition: Condition
    /// What is to become of it.
    public let action: Action

    /// Makes a request to give a name up.
    public init(
        key: String,
        incarnation: Incarnation,
        condition: Condition,
        action: Action = .delete
    ) {
        self.key = key
        self.incarnation = incarnation
        self.condition = condition
        self.action = action
    }
}
