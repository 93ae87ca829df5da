import Glibc
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import ChatNode

/// One name, several addresses, one port.
@Suite struct ListeningPlacesTests {
    private func places(_ addresses: String..., port: Int = 0) throws -> ListeningPlaces {
        ListeningPlaces(
            addresses: try addresses.map { try SocketAddress(ipAddress: $0, port: port) }
        )
    }

    private func listen(_ places: ListeningPlaces) async throws -> [any Channel] {
        try await places.listen { address in
            try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(to: address).get()
        }
    }

    private func close(_ channels: [any Channel]) async throws {
        for channel in channels { try await channel.close() }
    }

    @Test func `a node listens on all addresses of a name, at one port`() async throws {
        let channels = try await listen(try places("127.0.0.1", "::1", "127.0.0.2"))
        let addresses = channels.compactMap(\.localAddress)
        #expect(addresses.compactMap(\.ipAddress) == ["127.0.0.1", "::1", "127.0.0.2"])
        #expect(Set(addresses.compactMap(\.port)).count == 1)
        try await close(channels)
    }

    @Test func `an address that this machine does not have is left out, if there is another`()
        async throws
    {
        // An address of a network for documentation (RFC 5737).
        let channels = try await listen(try places("203.0.113.1", "127.0.0.1"))
        #expect(channels.compactMap(\.localAddress?.ipAddress) == ["127.0.0.1"])
        try await close(channels)
        let error = await #expect(throws: IOError.self) {
            try await listen(try places("203.0.113.1", "203.0.113.2"))
        }
        #expect(error?.errnoCode == EADDRNOTAVAIL)
    }

    @Test func `a port that is taken on one address is taken on all`() async throws {
        let reserved = try ReservedPort(in: ReservedPort.nodes)
        let port = reserved.number
        let first = try await listen(try places("127.0.0.2", port: port))
        let error = await #expect(throws: IOError.self) {
            try await listen(try places("127.0.0.1", "127.0.0.2", port: port))
        }
        #expect(error?.errnoCode == EADDRINUSE)
        // It has released the address that it had.
        try await close(try await listen(try places("127.0.0.1", port: port)))
        try await close(first)
        withExtendedLifetime(reserved) {}
    }

    @Test func `for any free port, one is found that is free on each address`() async throws {
        var tries: [SocketAddress] = []
        var taken: [any Channel] = []
        let channels = try await places("127.0.0.1", "127.0.0.2").listen { address in
            // The first port that was found free turns out to be taken on the other address.
            if tries.count == 1 {
                let place = try SocketAddress(ipAddress: "127.0.0.2", port: address.port ?? 0)
                taken = try await listen(ListeningPlaces(addresses: [place]))
            }
            tries.append(address)
            return try await listen(ListeningPlaces(addresses: [address]))[0]
        }
        try #require(tries.count == 4)
        #expect(tries[0].port == 0 && tries[2].port == 0)
        let ports = channels.compactMap(\.localAddress?.port)
        #expect(ports.count == 2 && ports[0] == ports[1] && ports[0] != tries[1].port)
        try await close(channels + taken)
    }

    @Test func `an address is used as it is, a name is looked up, and an unknown one is reported`()
        async throws
    {
        let address = try await ListeningPlaces.of(host: "::1", port: 7).addresses
        #expect(address == [try SocketAddress(ipAddress: "::1", port: 7)])
        let localhost = try await ListeningPlaces.of(host: "localhost", port: 7).addresses
        #expect(localhost.contains(try SocketAddress(ipAddress: "127.0.0.1", port: 7)))
        #expect(Set(localhost).count == localhost.count)
        await #expect(throws: ListeningPlaces.UnknownHost.self) {
            // Longer than a name may be (RFC 1035 §2.3.4), so that no far resolver is asked.
            try await ListeningPlaces.of(host: String(repeating: "x", count: 64), port: 7)
        }
    }
}
