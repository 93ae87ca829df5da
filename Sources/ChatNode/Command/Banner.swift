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
        let address = Self.url(configuration.host, node.address.port ?? configuration.port)
        text = """
            chatnode \(Version.current)  node \(node.state.label)  pid \(getpid())  \
            loops \(node.loopCount)  descriptors \(descriptors.now)\(raised)
              page     http://\(address)/
              clients  ws://\(address)/ws
              health   http://\(address)/readyz   /healthz\(backend)
            ready in \(took.inMillisecondsRoundedUp) ms
            """
    }

    /// An IPv6 address stands in brackets (RFC 3986 §3.2.2).
    private static func url(_ host: String, _ port: Int) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// What this program is called by people who report about it.
enum Version {
    static let current = "0.1.0"
}
