import ChatCore
import Glibc
import TestSupport
import Testing

@testable import ChatNode

/// What the kernel is told about every client's socket.
@Suite struct ListenerTests {
    private typealias Ask =
        (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt

    /// The port that `getsockname` or `getpeername` tells of a descriptor.
    private func port(of descriptor: CInt, _ ask: Ask) -> UInt16? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                ask(descriptor, $0, &length)
            }
        }
        guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return UInt16(bigEndian: address.sin_port)
    }

    /// The node's end of a connection, which is in this process too.
    private func otherEnd(of client: CInt) -> CInt? {
        guard let port = port(of: client, getsockname) else { return nil }
        return (0..<CInt(4096)).first { self.port(of: $0, getpeername) == port }
    }

    private func option(_ level: CInt, _ name: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, level, name, &value, &length) == 0 ? value : nil
    }

    @Test func `accepted sockets inherit no delay and a bounded send buffer`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.connect("Ada")
            let descriptor = try #require(otherEnd(of: client.socket.descriptor))
            #expect(option(CInt(IPPROTO_TCP), TCP_NODELAY, of: descriptor) == 1)
            // The kernel doubles what it is asked for (socket(7)).
            let bytes = CInt(2 * Limits.socketSendBufferBytes)
            #expect(option(SOL_SOCKET, SO_SNDBUF, of: descriptor) == bytes)
        }
    }
}
