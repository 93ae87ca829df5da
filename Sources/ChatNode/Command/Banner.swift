import ChatCore
import ChatSupport
import Glibc
import NIOCore

/// The lines that a node prints when it has started: where it is, and what it runs with.
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
        let address = authority(
            configuration.listener.host,
            node.address.port ?? configuration.listener.port
        )
        text = """
            \(Version.line)  node \(node.state.label)  pid \(getpid())  \
            loops \(node.loopCount)  descriptors \(descriptors.now)\(raised)
              page     http://\(address)/
              clients  ws://\(address)/ws
              health   http://\(address)/readyz   /healthz\(metrics)\(backend)
            ready in \(took.inMillisecondsRoundedUp) ms
            """
    }
}
