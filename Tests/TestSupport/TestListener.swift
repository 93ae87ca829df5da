import Glibc

/// A server whose part a test plays itself, one connection after the other, on a free port of this
/// machine.
public final class TestListener: Sendable {
    let descriptor: CInt
    /// The port on which it listens.
    public let port: Int

    /// Listens. If the queue of connections that wait to be accepted is short, further ones hang.
    public init(backlog: CInt = 16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Unexpected("socket: errno \(errno)") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, backlog) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        port = Int(in_port_t(bigEndian: address.sin_port))
        guard isListening else { throw Unexpected("listen: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Waits for the next client.
    public func accept() throws -> TestSocket {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, CInt(TestSocket.patience * 1000)) == 1 else {
            throw Unexpected("nobody connected within \(TestSocket.patience) s")
        }
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { throw Unexpected("accept: errno \(errno)") }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        return TestSocket(accepted: client)
    }
}
