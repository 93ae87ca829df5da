import ChatCore
import ChatSupport

/// The settings of the node as a whole: its name, its threads, and how it leaves.
struct NodeSection: SettingsSection {
    /// Nil: host and port, once the port is known.
    var id: String?
    /// Nil: one for each core that the process may use.
    var loops: Int?
    var drainDelay = Duration.zero
    var drainTimeout = Limits.drainTimeout

    static let title = "Node"

    static let settings: [SectionSetting<NodeSection>] = [
        SectionSetting(
            "node-id",
            \.id,
            .label,
            "label",
            "What this node is called in logs and on the page; auto is host:port."
        ),
        SectionSetting(
            "loops",
            \.loops,
            .optional(.count(1...1024, "a number of loops"), absent: "auto"),
            "number",
            "Event loops, each a thread; auto is one for each usable core."
        ),
        SectionSetting(
            "drain-delay",
            \.drainDelay,
            .wait,
            "duration",
            "How long a leaving node still accepts clients while /readyz already says 404, so that "
                + "a balancer notices first."
        ),
        SectionSetting(
            "drain-timeout",
            \.drainTimeout,
            .wait,
            "duration",
            "How long a leaving node waits for its clients to go before it cuts them."
        ),
    ]
}
