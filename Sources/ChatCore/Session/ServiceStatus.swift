/// Decides when clients are told that their node has lost its broker, and that it has it again.
public struct ServiceStatus: Sendable {
    /// Whether the node is without its broker, as clients were told last.
    public private(set) var isDegraded = false
    /// Whether the node had its broker at the last update.
    private var wasThere = true

    /// Makes the status of a node that has its broker.
    public init() {}

    /// Takes for how long the node has been without its broker: zero if it has it. To be called
    /// every few hundred milliseconds. Returns whether clients are to be told.
    ///
    /// That the broker is there again is told only at the second update that finds it so: by then the
    /// loop has delivered what had been missed.
    public mutating func update(timeWithoutBroker time: Duration) -> Bool {
        let isThere = time == .zero
        defer { wasThere = isThere }
        let new = isThere ? isDegraded && !wasThere : isDegraded || time >= Limits.degradedAfter
        guard new != isDegraded else { return false }
        isDegraded = new
        return true
    }
}
