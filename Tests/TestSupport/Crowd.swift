import Glibc

/// Many clients that listen, in one thread, and check that each hears every message once, in order.
public final class Crowd {
    private var clients: [TestWebSocket] = []
    private var polls: [pollfd] = []
    /// What of a frame has been read, per client.
    private var pending: [[UInt8]] = []
    /// The last number heard, per client; 0 before the first.
    public private(set) var last: [Int] = []
    /// What was wrong, in words.
    public private(set) var complaints: [String] = []

    /// Opens so many WebSockets, one after the other.
    public init(port: Int, count: Int) throws {
        for _ in 0..<count {
            let client = try TestWebSocket(port: port)
            let flags = fcntl(client.socket.descriptor, F_GETFL)
            _ = fcntl(client.socket.descriptor, F_SETFL, flags | O_NONBLOCK)
            clients.append(client)
            polls.append(pollfd(fd: client.socket.descriptor, events: Int16(POLLIN), revents: 0))
        }
        pending = Array(repeating: [], count: count)
        last = Array(repeating: 0, count: count)
    }

    /// Listens for so long.
    public func listen(milliseconds: Int) {
        let end = Self.milliseconds + milliseconds
        while case let rest = end - Self.milliseconds, rest > 0, complaints.count < 10 {
            guard poll(&polls, nfds_t(polls.count), CInt(rest)) > 0 else { continue }
            for index in polls.indices where polls[index].revents != 0 { read(index) }
        }
    }

    private static var milliseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    private func read(_ index: Int) {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        let count = recv(polls[index].fd, &chunk, chunk.count, 0)
        guard count > 0 else {
            complaints.append("client \(index) was cut off")
            polls[index].fd = -1
            return
        }
        pending[index] += chunk[..<count]
        while let frame = takeFrame(&pending[index]) { hear(frame, index) }
    }

    private func takeFrame(_ bytes: inout [UInt8]) -> (opcode: UInt8, payload: ArraySlice<UInt8>)? {
        guard bytes.count >= 2 else { return nil }
        let isLong = bytes[1] == 126
        guard !isLong || bytes.count >= 4 else { return nil }
        let start = isLong ? 4 : 2
        let length = isLong ? Int(bytes[2]) << 8 | Int(bytes[3]) : Int(bytes[1])
        guard bytes.count >= start + length else { return nil }
        defer { bytes.removeFirst(start + length) }
        return (bytes[0] & 0x0F, bytes[start..<start + length])
    }

    private func hear(_ frame: (opcode: UInt8, payload: ArraySlice<UInt8>), _ index: Int) {
        switch frame.opcode {
        case 9: try? clients[index].send(frame: 10)
        case 1:
            let text = String(decoding: frame.payload, as: UTF8.self)
            guard let found = text.firstRange(of: #","seq":"#),
                let seq = Int(text[found.upperBound...].prefix { $0 != "," })
            else { return }
            if seq != last[index] + 1 {
                complaints.append("client \(index) heard \(seq) after \(last[index])")
            }
            last[index] = seq
        default: complaints.append("client \(index) heard a frame with opcode \(frame.opcode)")
        }
    }
}
