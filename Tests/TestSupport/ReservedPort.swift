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
    /// Fails: when ten ports in a row belong to other tests, or to programs that are none.
    public init(in range: Range<Int>) throws {
        for _ in 0..<10 {
            let number = Int.random(in: range)
            guard let descriptor = Self.bound(to: "chatnode-test-port-\(number)") else { continue }
            guard Self.isFree(number) else {
                close(descriptor)
                continue
            }
            self.number = number
            self.descriptor = descriptor
            return
        }
        throw Unexpected("no port of \(range) is free")
    }

    deinit { close(descriptor) }

    /// Whether no program listens on the port, or uses it for a connection.
    private static func isFree(_ number: Int) -> Bool {
        let descriptor = socket(
            AF_INET,
            CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue),
            0
        )
        defer { close(descriptor) }
        // As servers do: a closed connection that lingers in TIME_WAIT does not count.
        var isOn: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(number).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

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
