/// Decides when a node counts as degraded: it has lost its broker, and not only for a moment.
public struct ServiceStatus: Sendable {
    /// Whether the node is without its broker, as far as clients are told.
    public private(set) var isDegraded = false
    /// Whether the node had its broker at the last update.
    private var wasThere = true

    /// Makes the status of a node that has its broker.
    public init() {}

    /// Takes for how long the node has been without its broker: zero if it has it. To be called
    /// every few hundred milliseconds. Returns whether `isDegraded` has changed.
    ///
    /// The broker counts as there again only at the second update that finds it so: by then it is
    /// there for longer than a moment, and the loop was told that its rooms are to be caught up with.
    public mutating func update(timeWithoutBroker time: Duration) -> Bool {
        let isThere = time == .zero
        defer { wasThere = isThere }
        let new = isThere ? isDegraded && !wasThere : isDegraded || time >= Limits.degradedAfter
        guard new != isDegraded else { return false }
        isDegraded = new
        return true
    }
}

/// Decides when one client is told its node's status: a loss at once, and its end when the client has what
/// was missed in each of its rooms.
public struct ToldStatus: Sendable {
    /// The consequence of the node's present status.
    public enum Step: Sendable, Hashable {
        /// The client knows it.
        case nothing
        /// Tell the client.
        case tell
        /// Ask again later.
        case wait
    }

    /// Whether the client was told last that the node is degraded.
    private var isDegraded = false

    /// Makes the status of a client that was told nothing.
    public init() {}

    /// Takes the node's status, and whether the client has what was missed in each of its rooms.
    public mutating func update(
        to node: ServiceStatus,
        isCaughtUp: @autoclosure () -> Bool
    ) -> Step {
        guard node.isDegraded != isDegraded else { return .nothing }
        guard node.isDegraded || isCaughtUp() else { return .wait }
        isDegraded = node.isDegraded
        return .tell
    }
}
