import ChatCore
@preconcurrency import Dispatch
import Glibc
import NIOCore

/// The addresses that a host's name stands for. The node listens on all of them: `localhost` often
/// has two, and a client tries either first.
struct ListeningPlaces {
    let addresses: [SocketAddress]

    /// The error that no resolver knows the name.
    struct UnknownHost: Error {}

    /// Looks up a host.
    ///
    /// Fails: with `UnknownHost` if it is not known.
    static func of(host: String, port: Int) async throws -> ListeningPlaces {
        if let address = try? SocketAddress(ipAddress: host, port: port) {
            return ListeningPlaces(addresses: [address])
        }
        // The resolver may ask a far server. Dispatch ends an idle thread, and waits if none can be
        // made; SwiftNIO would keep one for each core, or end the process.
        let addresses: [SocketAddress] = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: lookUp(host, port))
            }
        }
        guard !addresses.isEmpty else { throw UnknownHost() }
        return ListeningPlaces(addresses: addresses)
    }

    /// Listens on all of them, at one port: for port 0, at one that is free on each. An address
    /// that this machine does not have, like that of IPv6 if it is switched off, is left out.
    ///
    /// Fails: as `bind` does; then it listens on no address.
    func listen(
        _ bind: (SocketAddress) async throws -> any Channel
    ) async throws -> [any Channel] {
        var triesLeft = addresses.contains { $0.port == 0 } ? Limits.listenTries : 1
        while true {
            triesLeft -= 1
            do {
                return try await listenOnce(bind)
            } catch let error as IOError where error.errnoCode == EADDRINUSE && triesLeft > 0 {
                continue
            }
        }
    }

    private func listenOnce(
        _ bind: (SocketAddress) async throws -> any Channel
    ) async throws -> [any Channel] {
        var channels: [any Channel] = []
        var absent: IOError?
        do {
            for address in addresses {
                var address = address
                // The port that the first address was given.
                if address.port == 0 { address.port = channels.first?.localAddress?.port ?? 0 }
                do {
                    channels.append(try await bind(address))
                } catch let error as IOError where Self.meansAbsent(error) {
                    absent = error
                }
            }
            if channels.isEmpty, let absent { throw absent }
            return channels
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
    }

    private static func meansAbsent(_ error: IOError) -> Bool {
        [EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.errnoCode)
    }

    /// Returns each address once, in the resolver's order.
    private static func lookUp(_ host: String, _ port: Int) -> [SocketAddress] {
        var wish = addrinfo()
        wish.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &wish, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next {
            if var address = address(entry.pointee) {
                address.port = port
                if !found.contains(address) { found.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return found
    }

    private static func address(_ entry: addrinfo) -> SocketAddress? {
        guard let place = entry.ai_addr else { return nil }
        let raw = UnsafeRawPointer(place)
        switch entry.ai_family {
        case AF_INET: return SocketAddress(raw.loadUnaligned(as: sockaddr_in.self))
        case AF_INET6: return SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self))
        default: return nil
        }
    }
}
