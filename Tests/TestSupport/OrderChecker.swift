import Glibc

/// Many listening clients, in one thread, which check that each receives every message once, in
/// order.
public final class OrderChecker {
    private var clients: [TestWebSocket] = []
    private var polls: [pollfd] = []
    private var decoders: [FrameDecoder] = []
    /// The last number received, per client; 0 before the first.
    public private(set) var last: [Int] = []
    /// What was wrong, in words.
    public private(set) var complaints: [String] = []

    /// Opens `count` WebSockets, one after the other.
    public init(port: Int, count: Int) throws {
        for _ in 0..<count {
            let client = try TestWebSocket(port: port)
            var decoder = FrameDecoder(of: .server)
            decoder.append(client.stopBlocking()[...])
            clients.append(client)
            decoders.append(decoder)
            polls.append(pollfd(fd: client.socket.descriptor, events: Int16(POLLIN), revents: 0))
        }
        last = Array(repeating: 0, count: count)
    }

    /// Receives and checks for the given time.
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
        decoders[index].append(chunk[..<count])
        do {
            while let frame = try decoders[index].next() { hear(frame, index) }
        } catch {
            complaints.append("client \(index) heard what is no frame: \(error)")
            polls[index].fd = -1
        }
    }

    private func hear(_ frame: FrameDecoder.Frame, _ index: Int) {
        switch frame.opcode {
        case 9: try? clients[index].send(frame: 10)
        case 1:
            let text = frame.text
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
