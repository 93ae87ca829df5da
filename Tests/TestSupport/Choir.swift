import Foundation
import Synchronization

/// Many clients that talk and listen, served by one thread of their own: a test that waits for them
/// holds none of the few threads that tests share.
public final class Choir: Sendable {
    /// A client, and everything it has said and heard.
    public struct Voice: Sendable {
        /// Whom it logs in as.
        public let name: String
        /// Which of the ports it is connected to.
        public let node: Int
        /// Messages of the room, in the order in which they came.
        public fileprivate(set) var chats: [Heard] = []
        /// Everything else that came, and when.
        public fileprivate(set) var answers: [(text: Heard, at: ContinuousClock.Instant)] = []
        /// What it has said by itself; only the last one may be open.
        public fileprivate(set) var words: [Word] = []
        /// Why it is not connected any more; nil while it is.
        public fileprivate(set) var end: String?
        fileprivate var isTalking = false
    }

    /// A message of a voice that talks by itself, and what became of it.
    public struct Word: Sendable {
        /// So far.
        public enum Fate: Sendable, Equatable {
            case open, heard
            case refused(String)
        }
        /// Its value, told by name and number.
        public let text: String
        /// When it was said.
        public let saidAt: ContinuousClock.Instant
        /// What became of it.
        public fileprivate(set) var fate = Fate.open
        /// When that was known.
        public fileprivate(set) var knownAt: ContinuousClock.Instant?
    }

    /// Touched under the lock only, once it is there.
    private struct Line: @unchecked Sendable {
        let client: TestWebSocket
        var descriptor: CInt { client.socket.descriptor }
    }

    private struct State {
        var voices: [Voice] = []
        var lines: [Line] = []
        var pending: [[UInt8]] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let pause: Duration
    private let ports: [Int]

    /// So many clients, spread over the nodes in turn; they hear, and are nobody yet.
    ///
    /// `pause` is between two messages of a client that talks by itself.
    public init(
        of count: Int,
        named prefix: String = "user",
        at ports: [Int],
        pause: Duration = .milliseconds(50)
    ) throws {
        self.ports = ports
        self.pause = pause
        for index in 0..<count { try add("\(prefix)\(index)", at: index % ports.count) }
        let state = WeakChoir(choir: self)
        Thread { while state.choir?.turn() == true {} }.start()
    }

    deinit { state.withLock { $0.isOver = true } }

    private struct WeakChoir: Sendable { weak let choir: Choir? }

    /// One more client. The answer is its place.
    @discardableResult
    public func add(_ name: String, at node: Int) throws -> Int {
        let client = try TestWebSocket(port: ports[node])
        let early = client.socket.takeBuffered()
        let flags = fcntl(client.socket.descriptor, F_GETFL)
        _ = fcntl(client.socket.descriptor, F_SETFL, flags | O_NONBLOCK)
        let line = Line(client: client)
        return state.withLock {
            $0.voices.append(Voice(name: name, node: node))
            $0.lines.append(line)
            $0.pending.append(early)
            return $0.voices.count - 1
        }
    }

    /// Everybody, as they are now.
    public var voices: [Voice] { state.withLock { $0.voices } }

    /// One of them, as it is now.
    public subscript(index: Int) -> Voice { state.withLock { $0.voices[index] } }

    // MARK: Saying

    /// One of them says something.
    public func say(_ text: String, by index: Int) {
        state.withLock { Self.send(text, by: index, &$0) }
    }

    /// One of them says something under its name; `value` is JSON.
    public func chat(_ value: String, by index: Int) {
        say(#"{"type":"chat","username":"\#(self[index].name)","value":\#(value)}"#, by: index)
    }

    /// One of them asks for its name, or another.
    public func login(_ index: Int, as name: String? = nil) {
        say(#"{"type":"login","username":"\#(name ?? self[index].name)"}"#, by: index)
    }

    /// One of them gives its name up.
    public func logout(_ index: Int) {
        say(#"{"type":"logout","username":"\#(self[index].name)"}"#, by: index)
    }

    /// All of them ask for their names, and get them.
    public func loginAll() async throws {
        let indices = voices.indices
        for index in indices { login(index) }
        try await eventually("everybody is logged in") {
            voices.allSatisfy { voice in
                voice.answers.contains { $0.text.contains(#""type":"logged_in""#) }
            }
        }
    }

    /// Those go on to talk by themselves: each says something, waits until it hears it or is told
    /// that it cannot be said, and after the pause says the next thing.
    public func talk(_ indices: some Sequence<Int>) {
        state.withLock { for index in indices { $0.voices[index].isTalking = true } }
    }

    /// They say nothing more by themselves; waits until what they have said is settled.
    public func hush() async throws {
        state.withLock { for index in $0.voices.indices { $0.voices[index].isTalking = false } }
        try await eventually("everything said is heard or refused") {
            voices.allSatisfy { $0.end != nil || $0.words.last?.fate != .open }
        }
    }

    private static func send(_ text: String, by index: Int, _ state: inout State) {
        guard state.voices[index].end == nil else { return }
        do {
            try state.lines[index].client.say(text)
        } catch {
            state.voices[index].end = "\(error)"
        }
    }

    // MARK: The thread

    /// Looks at every socket once. False: nobody wants it any more.
    private func turn() -> Bool {
        var polls = state.withLock { state in
            state.lines.indices.map { index in
                let isOpen = state.voices[index].end == nil
                let descriptor = isOpen ? state.lines[index].descriptor : -1
                return pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            }
        }
        // Short, so that those who talk do so in time.
        _ = poll(&polls, nfds_t(polls.count), 10)
        return state.withLock { state in
            for index in polls.indices where polls[index].revents != 0 { Self.read(index, &state) }
            let now = ContinuousClock.now
            for index in state.voices.indices { goOn(index, now, &state) }
            return !state.isOver
        }
    }

    private func goOn(_ index: Int, _ now: ContinuousClock.Instant, _ state: inout State) {
        guard state.voices[index].isTalking, state.voices[index].end == nil else { return }
        if let last = state.voices[index].words.last {
            guard let knownAt = last.knownAt, now >= knownAt + pause else { return }
        }
        let name = state.voices[index].name
        let text = "\(name).\(state.voices[index].words.count)"
        state.voices[index].words.append(Word(text: text, saidAt: now))
        let message = #"{"type":"chat","username":"\#(name)","value":"\#(text)"}"#
        Self.send(message, by: index, &state)
    }

    private static func read(_ index: Int, _ state: inout State) {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(state.lines[index].descriptor, &chunk, chunk.count, 0)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN {
                state.voices[index].end = "the connection ended (errno \(errno))"
            }
            return
        }
        state.pending[index] += chunk[..<count]
        var start = 0
        while let (opcode, payload) = frame(state.pending[index], at: &start) {
            hear(opcode, payload, index, &state)
        }
        state.pending[index].removeFirst(start)
    }

    private static func frame(_ bytes: [UInt8], at start: inout Int) -> (UInt8, ArraySlice<UInt8>)?
    {
        let rest = bytes[start...]
        guard rest.count >= 2 else { return nil }
        let short = Int(bytes[start + 1])
        let head = short == 126 ? 4 : short == 127 ? 10 : 2
        guard rest.count >= head else { return nil }
        let length =
            head == 2 ? short : bytes[start + 2..<start + head].reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= head + length else { return nil }
        defer { start += head + length }
        return (bytes[start] & 0x0F, bytes[start + head..<start + head + length])
    }

    private static func hear(
        _ opcode: UInt8,
        _ payload: ArraySlice<UInt8>,
        _ index: Int,
        _ state: inout State
    ) {
        switch opcode {
        case 1: hear(Heard(bytes: Array(payload)), index, &state.voices[index])
        case 9: try? state.lines[index].client.send(frame: 10, Array(payload))
        default:
            let frame = TestWebSocket.Frame(opcode: opcode, payload: Array(payload))
            state.voices[index].end = "closed: \(frame.closeCode ?? 0) \(frame.closeReason)"
        }
    }

    private static func hear(_ heard: Heard, _ index: Int, _ voice: inout Voice) {
        let now = ContinuousClock.now
        if heard.isChat { voice.chats.append(heard) } else { voice.answers.append((heard, now)) }
        guard let last = voice.words.indices.last, voice.words[last].fate == .open else { return }
        if heard.isChat {
            guard heard.contains("\"\(voice.words[last].text)\"") else { return }
            voice.words[last].fate = .heard
        } else {
            guard heard.contains(#""type":"error""#) else { return }
            voice.words[last].fate = .refused(heard.text)
        }
        voice.words[last].knownAt = now
    }
}
