import Glibc

/// A port number that no other test has, in this process or in another, while the reservation lives:
/// for a server that is ended and started again on its port.
///
/// The reservation is a unix socket whose name in the abstract namespace holds the number (unix(7)).
/// The kernel gives a name to one socket at a time, and frees it when the process ends.
public final class ReservedPort: Sendable {
    /// The ports of Redis, Sentinel and the like: below those that the kernel gives to connections
    /// (ip_local_port_range, ip(7)).
    public static let redis = 20_000..<32_000
    /// The ports of nodes whose port is chosen before they start.
    public static let nodes = 10_000..<20_000

    /// The port.
    public let number: Int
    private let descriptor: CInt

    /// Reserves a port of a range.
    ///
    /// Fails: when ten ports in a row belong to other tests.
    public init(in range: Range<Int>) throws {
        for _ in 0..<10 {
            let number = Int.random(in: range)
            if let descriptor = Self.bound(to: "chatnode-test-port-\(number)") {
                self.number = number
                self.descriptor = descriptor
                return
            }
        }
        throw Unexpected("no port of \(range) is free of other tests")
    }

    deinit { close(descriptor) }

    /// A socket with that name; nil if another has it.
    private static func bound(to name: String) -> CInt? {
        let descriptor = socket(
            AF_UNIX,
            CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue),
            0
        )
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // A name that begins with a zero byte is in the abstract namespace, and is as long as is said.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.dropFirst().copyBytes(from: name.utf8) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0
            }
        }
        if isBound { return descriptor }
        close(descriptor)
        return nil
    }
}
