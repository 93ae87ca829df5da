import ChatCore
import ChatSupport
import Glibc

/// What a trial is played on: a port, the client's connections and the adapter, all in one thread.
final class Stage {
    let adapter: Adapter
    let port: Int
    /// The newest connection that has opened.
    private(set) var socket: ServerSocket?
    /// The connections that have opened and no step has asked for yet.
    private var opened: [ServerSocket] = []
    /// What the application has seen and no step has asked for yet.
    var seen: [JSONTree] = []
    /// When it was looked for what is new, and when before that: what is new now has come between the two.
    private(set) var lookedAt = Clock.now
    private(set) var lookedBefore = Clock.now
    /// Everything that has happened, for people.
    private(set) var record: [String] = []
    private var sockets: [ServerSocket] = []
    private let listener: Descriptor
    private let subprotocol: String?

    init(command: String, subprotocol: String?) throws {
        listener = Descriptor(Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | Self.flags, 0))
        self.subprotocol = subprotocol
        port = try Self.listen(listener.number)
        adapter = try Adapter(command)
    }

    private static let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)

    /// Has a socket listen on a free port of this machine. Returns the port.
    private static func listen(_ socket: CInt) throws -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && Glibc.listen(socket, 16) == 0
                    && getsockname(socket, $0, &size) == 0
            }
        }
        guard result else { throw PlayError.errno("listen") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    /// Plays until something is so, or the time is up. Returns whether it is so.
    func plays(for duration: Duration, until isSo: () -> Bool) -> Bool {
        let end = Clock.now + duration
        while true {
            look()
            if isSo() { return true }
            let left = end - Clock.now
            guard left > .zero else { return false }
            wait(left)
        }
    }

    /// Takes the next connection that has opened.
    func takeConnection() -> Bool {
        guard !opened.isEmpty else { return false }
        socket = opened.removeFirst()
        return true
    }

    var hasConnection: Bool { !opened.isEmpty }

    /// Whether the client has opened a connection while the one before goes on. One that is silent may be dead.
    var hasConnectionBeside: Bool {
        guard hasConnection, let socket else { return false }
        return !socket.hasEnded && !socket.isClosing && !socket.isSilent
    }

    /// Writes down what happens.
    func note(_ text: String) {
        record.append(text)
    }

    /// Waits until a descriptor is ready, for 50 ms at most: nothing is missed by looking once more.
    private func wait(_ left: Duration) {
        var polled = [
            pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0)
        ]
        if !adapter.hasEnded {
            polled.append(pollfd(fd: adapter.output.number, events: Int16(POLLIN), revents: 0))
        }
        for socket in sockets where !socket.hasEnded {
            let events = socket.byteCountWaiting > 0 ? POLLIN | POLLOUT : POLLIN
            polled.append(pollfd(fd: socket.descriptor.number, events: Int16(events), revents: 0))
        }
        let milliseconds = min(50, max(1, left.inMillisecondsRoundedUp))
        poll(&polled, nfds_t(polled.count), CInt(milliseconds))
    }

    private func look() {
        (lookedBefore, lookedAt) = (lookedAt, Clock.now)
        while let descriptor = listener.accept() {
            sockets.append(ServerSocket(descriptor, subprotocol: subprotocol))
        }
        for socket in sockets {
            let (wasOpen, had) = (socket.isOpen, socket.texts.count)
            socket.receive()
            socket.flush()
            if socket.isOpen, !wasOpen {
                opened.append(socket)
                note("the client opens a connection")
            }
            for text in socket.texts.dropFirst(had) { note("client: \(text)") }
        }
        // What has ended is closed, but for the one that a step may still ask about.
        sockets.removeAll { $0.hasEnded && $0 !== socket }
        for line in adapter.takeLines() {
            if record.count < Self.longestRecord { note("application: \(line)") }
            if let tree = JSONTree(line) { seen.append(tree) }
        }
    }

    /// As many lines as a person can look through.
    private static let longestRecord = 200

    /// Takes the current connection away.
    func cut() {
        socket?.cut()
        sockets.removeAll { $0 === socket }
        socket = nil
    }
}
