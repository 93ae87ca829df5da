/// Who holds which name: one of these stands on each loop.
///
/// On: its loop; answers come on that loop through `NameEvents`, after the call has returned, in
/// the order of the calls.
public protocol NameRegistry: AnyObject {
    /// Asks for a name. Answered by `claimed`.
    func claim(_ claim: Claim, for socket: SocketID)
    /// Gives a name up. Answered by `released`, also when it was not held any more.
    func release(_ proof: Proof, for socket: SocketID)
}

/// What a registry tells its loop.
public protocol NameEvents: AnyObject {
    /// The answer to a claim.
    func claimed(_ socket: SocketID, _ answer: ClaimAnswer)
    /// The name given up is free.
    func released(_ socket: SocketID)
}

/// A request for a name.
public struct Claim: Sendable {
    /// The name, in the spelling to be shown.
    public let username: Username
    /// The process that asks.
    public let incarnation: Incarnation
    /// The login that is to hold it.
    public let session: SessionID
    /// The lineage that begins if the name is free.
    public let lineage: Lineage

    /// A request by one login of one process.
    public init(
        username: Username,
        incarnation: Incarnation,
        session: SessionID,
        lineage: Lineage
    ) {
        self.username = username
        self.incarnation = incarnation
        self.session = session
        self.lineage = lineage
    }
}

/// What becomes of a claim.
public enum ClaimAnswer: Sendable, Equatable {
    /// The name is the caller's.
    case granted(Holding)
    /// Somebody else has it.
    case taken
    /// Nobody can tell now; what to tell people.
    case unavailable(reason: String)
}

/// What a login holds a name by.
public struct Proof: Hashable, Sendable {
    /// The folded name.
    public let key: String
    /// The process.
    public let incarnation: Incarnation
    /// The login.
    public let session: SessionID
    /// Grows with every change of the name's holder: an older one is refused.
    public let fence: UInt64

    /// What the registry has on record for a holder.
    public init(key: String, incarnation: Incarnation, session: SessionID, fence: UInt64) {
        self.key = key
        self.incarnation = incarnation
        self.session = session
        self.fence = fence
    }
}

/// A name that is held.
public struct Holding: Sendable, Equatable {
    /// In the spelling claimed.
    public let username: Username
    /// What proves it.
    public let proof: Proof
    /// The unbroken possession of the name.
    public let lineage: Lineage
    /// The last number used within the lineage.
    public var n: UInt64

    /// A name with the proof that it is held.
    public init(username: Username, proof: Proof, lineage: Lineage, n: UInt64) {
        self.username = username
        self.proof = proof
        self.lineage = lineage
        self.n = n
    }
}
