import ChatCore

/// Which clients a storm takes away, when, and when they offer to come back.
struct StormPlan: Sendable {
    enum Kind: Equatable, Sendable {
        /// Each client but the senders is cut again and again, at moments of its own.
        case jitter(every: Duration)
        /// All clients of the last addresses lose their sockets at one moment, and offer to come back evenly
        /// within a time.
        case avalanche(addresses: Int, over: Duration)
    }

    let kind: Kind
    let clients: Int
    let senders: Int
    /// How long a client is away before it offers to come back.
    let offline: Duration
    /// Whether a command takes the sockets away: if not, the clients reset them.
    var isByCommand = false

    /// Returns whether the storm takes a client that connects to one of `count` addresses.
    func takes(_ client: Int, of address: Int, among count: Int) -> Bool {
        switch kind {
        case .jitter: client >= senders
        case .avalanche(let addresses, _): address >= count - addresses
        }
    }

    /// Returns when a client is cut for the first time, counted from the beginning of the storm. The moments
    /// of any few clients with successive numbers are spread over the whole time between two cuts.
    func firstCut(of client: Int) -> Duration {
        guard case .jitter(let every) = kind else { return .zero }
        // Multiples of the golden ratio, without their whole parts, lie evenly (Knuth, TAOCP 6.4).
        let share = (Double(client) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
        return every * share
    }

    /// Returns when a client offers to come back, counted from when it was taken away.
    func offer(of client: Int) -> Duration {
        guard case .avalanche(_, let over) = kind else { return offline }
        return offline + over * (Double(client) / Double(clients))
    }

    /// Returns the address at which a client tries to come back the next time, after `tries` failures: that
    /// of a node that is left, each in turn, or its own if none is.
    func address(of client: Int, own: Int, among count: Int, tries: Int) -> Int {
        guard case .avalanche(let addresses, _) = kind, addresses < count,
            takes(client, of: own, among: count)
        else { return own }
        return (client / count + tries) % (count - addresses)
    }
}
