import ChatClient
import ChatSupport
import NIOCore

/// Chooses the addresses of this machine from which clients connect: each has a limited number of
/// ports.
enum SourceAddresses {
    /// Which addresses the options ask for.
    enum Wish: Equatable, Sendable {
        /// The system's choice, or, to this machine's own loopback network, as many as needed.
        case automatic
        case these([SocketAddress])

        /// The first of the given addresses.
        var first: SocketAddress? {
            if case .these(let addresses) = self { addresses.first } else { nil }
        }
    }

    /// The share of the ports that is used: other programs need ports too.
    private static let usableShare = 0.95

    /// Why there are too few addresses to connect from, and what to do about it.
    struct TooFew: Error, CustomStringConvertible {
        let description: String
    }

    /// Returns how many ports the system gives to connections from one address (ip(7),
    /// ip_local_port_range).
    static func portsPerAddress() -> Int {
        let text = smallFile("/proc/sys/net/ipv4/ip_local_port_range") ?? ""
        let bounds = text.split { $0 == "\t" || $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return 28_232 }
        return bounds[1] - bounds[0] + 1
    }

    /// Returns the addresses to connect from; none means that the system chooses.
    static func choose(
        _ wish: Wish,
        clients: Int,
        targets: [SocketAddress],
        ports: Int = portsPerAddress()
    ) throws -> [SocketAddress] {
        let usable = max(1, Int(Double(ports) * usableShare))
        let perTarget = (clients + targets.count - 1) / targets.count
        let needed = (perTarget + usable - 1) / usable
        switch wish {
        case .these(let addresses):
            guard addresses.count >= needed else {
                throw tooFew(perTarget, usable, needed, "--source with \(needed) addresses")
            }
            return addresses
        case .automatic:
            guard needed > 1 else { return [] }
            guard needed < 255, targets.allSatisfy(\.isIPv4Loopback) else {
                throw tooFew(perTarget, usable, needed, "--source ADDRESS,… with that many")
            }
            return try (1...needed).map { try SocketAddress(ipAddress: "127.0.0.\($0)", port: 0) }
        }
    }

    private static func tooFew(_ clients: Int, _ usable: Int, _ needed: Int, _ fix: String)
        -> TooFew
    {
        TooFew(
            description: """
                error: \(clients) clients to one address need \(needed) addresses to come from: \
                each has about \(usable) ports (net.ipv4.ip_local_port_range)
                  fix: \(fix)      or fewer clients
                """
        )
    }
}

extension SocketAddress {
    /// Whether it is in 127.0.0.0/8, all of which is this machine.
    fileprivate var isIPv4Loopback: Bool {
        self.protocol == .inet && ipAddress?.hasPrefix("127.") == true
    }
}
