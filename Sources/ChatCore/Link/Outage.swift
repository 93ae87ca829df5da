/// Whether a node has its broker: all parts of it, or since when it has not.
public struct Outage: Sendable {
    /// What a node needs of its broker.
    public enum Part: Hashable, Sendable {
        /// Registered in a reign, with a heartbeat.
        case standing
        /// Everything that is published comes, and nothing is missing.
        case subscription
        /// One loop's own connection.
        case loop(Int)
    }

    private var missing: Set<Part>
    /// Since when something is missing; nil where nothing is.
    public private(set) var since: Instant?

    /// A process that has nothing yet.
    public init(loops: Int, now: Instant) {
        missing = Set((0..<loops).map(Part.loop)).union([.standing, .subscription])
        since = now
    }

    /// A part is there, or is not.
    public mutating func set(_ part: Part, isThere: Bool, now: Instant) {
        if isThere { missing.remove(part) } else { missing.insert(part) }
        since = missing.isEmpty ? nil : since ?? now
    }
}
