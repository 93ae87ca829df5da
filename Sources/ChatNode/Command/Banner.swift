import ChatCore
import Glibc
import NIOCore

/// What a person sees when a node has started.
struct Banner {
    let text: String

    init(
        node: Node,
        _ configuration: Configuration,
        _ descriptors: Descriptors.Limit,
        took: Duration
    ) {
        let raised =
            descriptors.now > descriptors.before ? " (raised from \(descriptors.before))" : ""
        let backend = node.state.backend.isEmpty ? "" : "\n  redis    \(node.state.backend)"
        let metrics = node.admin.map { "\n  metrics  \($0.place.question(of: "/metrics"))" } ?? ""
        let address = authority(configuration.host, node.address.port ?? configuration.port)
        text = """
            chatnode \(Version.current)  node \(node.state.label)  pid \(getpid())  \
            loops \(node.loopCount)  descriptors \(descriptors.now)\(raised)
              page     http://\(address)/
              clients  ws://\(address)/ws
              health   http://\(address)/readyz   /healthz\(metrics)\(backend)
            ready in \(took.inMillisecondsRoundedUp) ms
            """
    }
}

/// What this program is called by people who report about it.
enum Version {
    static let current = "0.1.0"
}
