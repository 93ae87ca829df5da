/// Whether a node has its broker: all parts of it, or since when it has not.
public struct Availability: Sendable {
    /// What a node needs of its broker.
    public enum Part: Hashable, Sendable {
        /// The node is registered in an epoch, and a heartbeat has succeeded.
        case registration
        /// Everything that is published in the lobby comes, and nothing is missing.
        case subscription
        /// One loop's own connection.
        case loop(Int)
    }

    /// Each part that is not there, and since when.
    private var missing: [Part: Instant] = [:]
    /// Since when something is missing; nil where nothing is.
    public private(set) var since: Instant?

    /// A process that has nothing yet.
    public init(loops: Int, now: Instant) {
        for part in [.registration, .subscription] + (0..<loops).map(Part.loop) {
            missing[part] = now
        }
        since = now
    }

    /// A part is there, or is not.
    public mutating func set(_ part: Part, isThere: Bool, now: Instant) {
        missing[part] = isThere ? nil : missing[part] ?? now
        since = missing.isEmpty ? nil : since ?? now
    }

    /// Whether a part has been missing for longer than it takes to make a connection anew.
    public func isLasting(_ part: Part, now: Instant) -> Bool {
        missing[part].map { now >= $0 + Limits.relinkPatience } ?? false
    }
}
