/// The claims of one loop that wait for their call. Only one call of claims is in flight: what is
/// asked for meanwhile waits, and leaves together in the next call.
///
/// Names that are claimed again leave before those of new logins, because their holders can send
/// nothing until then. Both kinds leave in the order in which they came.
struct ClaimQueue: Sendable {
    /// A claim by the login that makes it. What it says is read from the name when it is sent.
    struct Entry: Sendable, Hashable {
        let socket: SocketID
        let login: LoginID
    }

    private var again = FIFO<Entry>()
    private var new = FIFO<Entry>()
    /// The claims that were sent and have no answer yet, in the call's order. Layout: the memory of
    /// both lists serves every call, because most calls have a single claim, and a list for it would
    /// be a tenth of a login's allocations.
    private(set) var inFlight: [Entry] = []
    /// The same claims, as they were sent.
    private(set) var called: [Claim] = []
    /// Whether a call is to be sent at the end of the turn: of claims, or of rooms of names.
    var isReady = false

    /// Whether no claim waits. Claims that were given up count until their turn comes.
    var isEmpty: Bool { again.isEmpty && new.isEmpty }

    /// Adds a name that is to be claimed again.
    mutating func addAgain(_ entry: Entry) { again.append(entry) }

    /// Adds the claim of a new login.
    mutating func addNew(_ entry: Entry) { new.append(entry) }

    /// Adds claims of new logins that were sent before those that wait now: they go first.
    mutating func putBackNew(_ entries: [Entry]) {
        guard !entries.isEmpty else { return }
        let later = new.takeAll()
        for entry in entries { new.append(entry) }
        for entry in later { new.append(entry) }
    }

    /// Begins a call.
    mutating func beginCall() { called.removeAll(keepingCapacity: true) }

    /// Adds a claim to the call.
    mutating func call(_ claim: Claim, of entry: Entry) {
        inFlight.append(entry)
        called.append(claim)
    }

    /// Ends the call, which has been settled.
    mutating func endCall() { inFlight.removeAll(keepingCapacity: true) }

    /// Removes and returns the claim whose turn it is.
    mutating func popFirst() -> Entry? { again.popFirst() ?? new.popFirst() }
}
