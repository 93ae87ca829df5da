import Foundation
import Glibc

/// One connection of a churn, on a non-blocking socket.
final class ChurnClient {
    enum Phase {
        case connecting, lurking, open
        /// It has said that it leaves, and reads what still comes.
        case leaving
        case gone
    }

    let plan: ChurnPlan
    let number: Int
    private(set) var descriptor: CInt
    private(set) var phase = Phase.connecting
    var verifier: StreamVerifier
    private(set) var isReading = true
    /// When its present phase began, in milliseconds.
    private var since: Int
    private let key: String
    private var name: String { "client\(number)" }

    /// Begins to connect, from one of many addresses, so that ports do not run out while closed
    /// connections still hold theirs.
    init(number: Int, port: Int, now: Int, _ random: inout SplitMix) throws {
        self.number = number
        plan = ChurnPlan(&random)
        key = Data((0..<16).map { _ in UInt8(random.below(256)) }).base64EncodedString()
        verifier = StreamVerifier(key: key)
        since = now
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw Unexpected("socket: errno \(errno)") }
        if case .stopsReading = plan.life { set(SOL_SOCKET, SO_RCVBUF, CInt(4096)) }
        set(CInt(IPPROTO_TCP), TCP_NODELAY, CInt(1))
        set(CInt(IPPROTO_IP), Self.bindWithoutPort, CInt(1))
        _ = Self.at(0x7F00_0100 + in_addr_t(random.below(200)), port: 0) {
            bind(descriptor, $0, $1)
        }
        guard
            Self.at(0x7F00_0001, port: port, { connect(descriptor, $0, $1) }) == 0
                || errno == EINPROGRESS
        else { throw Unexpected("connect: errno \(errno)") }
    }

    /// IP_BIND_ADDRESS_NO_PORT of linux/in.h, which Glibc's module lacks: the port is chosen when
    /// the other end is known.
    private static let bindWithoutPort: CInt = 24

    private static func at(
        _ address: in_addr_t,
        port: Int,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = in_port_t(port).bigEndian
        place.sin_addr.s_addr = address.bigEndian
        return withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func set(_ level: CInt, _ option: CInt, _ value: some BitwiseCopyable) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout.size(ofValue: value)))
    }

    deinit { close() }

    /// The events that it waits for (poll(2)); errors are reported in any case.
    var events: Int16 {
        switch phase {
        case .connecting: Int16(POLLOUT)
        case .gone: 0
        case .lurking, .open, .leaving: isReading ? Int16(POLLIN) : 0
        }
    }

    /// Continues after the connection is made.
    func connected(_ now: Int) throws {
        guard case .noRequest = plan.life else { return enter(.lurking, now) }
        exit(now)
    }

    /// Does what its plan says for this moment; it leaves only if `mayGo` allows it.
    func act(_ now: Int, mayGo: Bool) throws {
        let age = now - since
        switch phase {
        case .lurking where age >= plan.lurking: try ask(now)
        case .open:
            switch plan.life {
            case .listens(let end) where mayGo && age >= end: exit(now)
            case .stopsReading(_, let end) where mayGo && age >= end: exit(now)
            case .stopsReading(let start, _) where age >= start: isReading = false
            default: break
            }
        case .leaving where age > TestSocket.patience * 1000:
            throw Unexpected("the connection has not ended for \(TestSocket.patience) s")
        default: break
        }
    }

    private func ask(_ now: Int) throws {
        verifier.hasAsked = true
        var bytes = Array(
            """
            GET /ws HTTP/1.1\r
            Host: 127.0.0.1\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Key: \(key)\r
            Sec-WebSocket-Version: 13\r
            \r

            """.utf8
        )
        if plan.logsIn {
            verifier.wantedName = name
            let login = #"{"type":"login","username":"\#(name)"}"#
            bytes += TestWebSocket.frame(1, Array(login.utf8))
        }
        try send(bytes)
        guard case .noAnswer = plan.life else { return enter(.open, now) }
        exit(now)
    }

    func send(_ bytes: [UInt8]) throws {
        // All bytes at once or none: little is sent, and the node reads.
        let count = Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        guard count == bytes.count else {
            throw Unexpected("send: \(count) of \(bytes.count) bytes, errno \(errno)")
        }
    }

    private func exit(_ now: Int) {
        isReading = true
        switch plan.exit {
        case .reset:
            set(SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
            close()
        case .close:
            close()
        case .halfClose:
            shutdown(descriptor, CInt(SHUT_WR))
            enter(.leaving, now)
        case .closeFrame:
            // The server may have closed the connection already; then only the end comes.
            try? send(TestWebSocket.frame(8, [0x03, 0xE9]))
            enter(.leaving, now)
        }
    }

    private func enter(_ phase: Phase, _ now: Int) {
        self.phase = phase
        since = now
    }

    /// Handles the end of the connection by the server. Throws if the server must not end it.
    func ended(_ error: CInt?) throws {
        defer { close() }
        if case .leaving = phase { return }
        // The server may close on a client that does not read for long enough: with 4000, or with
        // 4005 if pings are that frequent.
        if [4000, 4005].contains(verifier.closeCode), case .stopsReading = plan.life { return }
        if verifier.closeCode == 4005 { throw ConnectionChurn.Stalled.silent }
        throw Unexpected("the connection ended, errno \(error ?? 0)")
    }

    func close() {
        phase = .gone
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }
}
