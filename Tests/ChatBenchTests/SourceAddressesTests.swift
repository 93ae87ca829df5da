import NIOCore
import Testing

@testable import ChatBench
@testable import ChatSupport

/// The addresses from which clients connect.
@Suite struct SourceAddressesTests {
    private func choose(
        _ wish: SourceAddresses.Wish,
        _ clients: Int,
        to targets: [String] = ["127.0.0.1"]
    ) throws -> [String?] {
        let targets = try targets.map { try SocketAddress(ipAddress: $0, port: 4567) }
        return try SourceAddresses.choose(wish, clients: clients, targets: targets, ports: 1000)
            .map(\.ipAddress)
    }

    @Test func `few clients connect from the address that the system chooses`() throws {
        #expect(try choose(.automatic, 950) == [])
        #expect(try choose(.automatic, 10, to: ["192.0.2.1"]) == [])
    }

    @Test func `many clients of this machine get as many addresses as they need`() throws {
        #expect(try choose(.automatic, 951) == ["127.0.0.1", "127.0.0.2"])
        #expect(try choose(.automatic, 1901) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"])
        // Each port serves once for each target.
        #expect(try choose(.automatic, 1900, to: ["127.0.0.1", "127.0.0.1"]) == [])
    }

    @Test func `for other machines the addresses have to be given, and be enough`() throws {
        #expect(throws: SourceAddresses.TooFew.self) {
            try choose(.automatic, 951, to: ["192.0.2.1"])
        }
        let one = try SocketAddress(ipAddress: "10.0.0.1", port: 0)
        let other = try SocketAddress(ipAddress: "::1", port: 0)
        #expect(throws: SourceAddresses.TooFew.self) { try choose(.these([one]), 951) }
        #expect(try choose(.these([one, other]), 951) == ["10.0.0.1", "::1"])
    }

    @Test func `the system's own number of ports is read`() {
        #expect((1...65_535).contains(SourceAddresses.portsPerAddress()))
    }
}
