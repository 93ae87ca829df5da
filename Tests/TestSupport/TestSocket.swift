import Glibc

/// An error: a test found something else than it expected.
public struct Unexpected: Error, CustomStringConvertible {
    /// What was found.
    public let description: String

    /// Makes an error that says what was found.
    public init(_ description: String) {
        self.description = description
    }
}

/// A plain TCP connection to this machine, blocking, with a bound on every wait.
public final class TestSocket {
    /// How many seconds to wait for an answer that comes at once on an idle machine; two builds may
    /// be running beside the tests.
    public static let patience: Int = 20

    /// The socket; -1 once it is closed.
    public private(set) var descriptor: CInt
    /// What it is connected to.
    private let peer: String
    /// The bytes that were read from the socket and not taken yet.
    private var buffer: [UInt8] = []
    /// Whether the other side has closed.
    public private(set) var isAtEnd = false

    /// Connects. With a small receive buffer, a client that does not read is noticed soon.
    public init(port: Int, receiveBufferBytes: CInt? = nil) throws {
        peer = "port \(port)"
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Unexpected("socket: errno \(errno)") }
        if let receiveBufferBytes { set(SOL_SOCKET, SO_RCVBUF, receiveBufferBytes) }
        setUp()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            let error = errno
            close()
            throw Unexpected("connect to port \(port): errno \(error)")
        }
    }

    /// Connects to a unix socket.
    public init(path: String) throws {
        peer = path
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Unexpected("socket: errno \(errno)") }
        setUp()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else {
            let error = errno
            close()
            throw Unexpected("connect to \(path): errno \(error)")
        }
    }

    /// Makes the server's side of a connection.
    init(accepted descriptor: CInt) {
        peer = "the client"
        self.descriptor = descriptor
        setUp()
    }

    deinit { close() }

    private func setUp() {
        set(CInt(IPPROTO_TCP), TCP_NODELAY, CInt(1))
        set(SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: Self.patience, tv_usec: 0))
        set(SOL_SOCKET, SO_SNDTIMEO, timeval(tv_sec: Self.patience, tv_usec: 0))
    }

    private func set(_ level: CInt, _ option: CInt, _ value: some BitwiseCopyable) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout.size(ofValue: value)))
    }

    /// Closes the connection in good order.
    public func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Closes the connection with a reset, after which no port waits.
    public func reset() {
        set(SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        close()
    }

    /// Sends all bytes.
    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Unexpected("send: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a text completely.
    public func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// Reads exactly `count` bytes.
    public func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else {
                throw Unexpected("the connection ended after \(buffer.count) of \(count) bytes")
            }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Reads one WebSocket frame that the other side sends.
    public func readFrame(of sender: FrameDecoder.Sender) throws -> FrameDecoder.Frame {
        while true {
            if let found = try FrameDecoder.first(in: buffer[...], of: sender) {
                buffer.removeFirst(found.byteCount)
                return found.frame
            }
            guard try fill() else {
                throw Unexpected("the connection ended after \(buffer.count) bytes of a frame")
            }
        }
    }

    /// Reads up to and with the first occurrence of `end`.
    public func read(through end: String) throws -> String {
        let end = Array(end.utf8)
        while true {
            if let found = buffer.firstRange(of: end) {
                return String(decoding: try read(found.upperBound), as: UTF8.self)
            }
            guard try fill() else { throw Unexpected("the connection ended: \(text)") }
        }
    }

    /// Reads everything until the other side closes.
    public func readToEnd() throws -> [UInt8] {
        while try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Returns the bytes that were read and not taken, for a caller that reads on from the
    /// descriptor.
    public func takeBuffered() -> [UInt8] {
        defer { buffer = [] }
        return buffer
    }

    private var text: String { String(decoding: buffer, as: UTF8.self) }

    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                buffer += chunk[..<count]
                return true
            }
            if count == 0 || errno == ECONNRESET {
                isAtEnd = true
                return false
            }
            guard errno == EINTR else {
                let error = errno
                throw Unexpected(
                    "nothing came from \(peer) for \(Self.patience) s (errno \(error)): \(text)"
                )
            }
        }
    }
}
