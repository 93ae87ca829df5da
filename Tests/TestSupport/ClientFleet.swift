import Foundation
import Synchronization

/// Many clients that send and receive, served by one thread of their own: a test that waits for
/// them blocks none of the few threads that tests share.
public final class ClientFleet: Sendable {
    /// A client, and everything it has sent and received.
    public struct Voice: Sendable {
        /// The name that it logs in with.
        public let name: String
        /// The index of the port that it is connected to.
        public let node: Int
        /// Messages of the room, in the order in which they came.
        public fileprivate(set) var chats: [ReceivedText] = []
        /// Everything else that came, and when.
        public fileprivate(set) var answers: [(text: ReceivedText, at: ContinuousClock.Instant)] =
            []
        /// The messages that it sent while it talks; only the last one may be open.
        public fileprivate(set) var words: [Word] = []
        /// Why it is not connected any more; nil while it is.
        public fileprivate(set) var end: String?
        /// The code of the server's close frame; nil if none has come.
        public fileprivate(set) var closeCode: Int?
        fileprivate var isTalking = false
    }

    /// A message of a client that talks, and its fate.
    public struct Word: Sendable {
        /// What has become of the message so far.
        public enum Fate: Sendable, Equatable {
            case open, heard, lost
            case refused(String)
        }
        /// Its value, which contains name and number.
        public let text: String
        /// When it was sent.
        public let saidAt: ContinuousClock.Instant
        /// What has become of it.
        public fileprivate(set) var fate = Fate.open
        /// When its fate was known.
        public fileprivate(set) var knownAt: ContinuousClock.Instant?
    }

    /// A client's connection. It may cross threads, which the compiler cannot check: it is made by one
    /// thread, and used under the lock only after it is added.
    private struct Line: @unchecked Sendable {
        let client: TestWebSocket
        var descriptor: CInt { client.socket.descriptor }
    }

    private struct State {
        var voices: [Voice] = []
        var lines: [Line] = []
        var decoders: [FrameDecoder] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let pause: Duration
    private let ports: [Int]

    /// Connects `count` clients, spread over the nodes in turn; they receive, and are not logged
    /// in.
    ///
    /// `pause` is the time between two messages of a client that talks.
    public init(
        of count: Int,
        named prefix: String = "user",
        at ports: [Int],
        pause: Duration = .milliseconds(50)
    ) throws {
        self.ports = ports
        self.pause = pause
        for index in 0..<count { try add("\(prefix)\(index)", at: index % ports.count) }
        let state = WeakClientFleet(fleet: self)
        Thread { while state.fleet?.turn() == true {} }.start()
    }

    deinit { state.withLock { $0.isOver = true } }

    private struct WeakClientFleet: Sendable { weak let fleet: ClientFleet? }

    /// Connects one more client, and returns its index.
    @discardableResult
    public func add(_ name: String, at node: Int) throws -> Int {
        let client = try TestWebSocket(port: ports[node])
        var decoder = FrameDecoder(of: .server)
        decoder.append(client.stopBlocking()[...])
        let line = Line(client: client)
        return state.withLock { [decoder] in
            $0.voices.append(Voice(name: name, node: node))
            $0.lines.append(line)
            $0.decoders.append(decoder)
            return $0.voices.count - 1
        }
    }

    /// All clients, as they are now.
    public var voices: [Voice] { state.withLock { $0.voices } }

    /// Returns one client, as it is now.
    public subscript(index: Int) -> Voice { state.withLock { $0.voices[index] } }

    // MARK: Sending

    /// Sends a text from one client.
    public func say(_ text: String, by index: Int) {
        state.withLock { Self.send(text, by: index, &$0) }
    }

    /// Sends a chat message from one client, under its name; `value` is JSON.
    public func chat(_ value: String, by index: Int) {
        say(#"{"type":"chat","username":"\#(self[index].name)","value":\#(value)}"#, by: index)
    }

    /// Asks for one client's name, or for another one.
    public func login(_ index: Int, as name: String? = nil) {
        say(#"{"type":"login","username":"\#(name ?? self[index].name)"}"#, by: index)
    }

    /// Gives one client's name up.
    public func logout(_ index: Int) {
        say(#"{"type":"logout","username":"\#(self[index].name)"}"#, by: index)
    }

    /// Asks for the names of all clients, and waits until they have them.
    public func loginAll() async throws {
        let indices = voices.indices
        for index in indices { login(index) }
        try await eventually("everybody is logged in") {
            voices.allSatisfy { voice in voice.answers.contains(where: \.text.isLoggedIn) }
        }
    }

    /// Makes these clients talk: each sends a message, waits until it receives it or is told that
    /// it was refused, pauses, and sends the next one.
    public func talk(_ indices: some Sequence<Int>) {
        state.withLock { for index in indices { $0.voices[index].isTalking = true } }
    }

    /// Stops all talking clients, and waits until their messages are settled.
    public func hush() async throws {
        state.withLock { for index in $0.voices.indices { $0.voices[index].isTalking = false } }
        try await eventually("everything said is heard or refused") {
            voices.allSatisfy { $0.end != nil || $0.words.last?.fate != .open }
        }
    }

    /// Takes messages for lost that were sent before an instant and that nothing has become of: Redis may
    /// have told a node that it has a message and have died before it sent the message on. If it comes back
    /// empty, no client hears of it (docs/guarantees.md).
    public func giveUp(sentBefore instant: ContinuousClock.Instant) {
        state.withLock { state in
            for index in state.voices.indices {
                guard let last = state.voices[index].words.last, last.fate == .open,
                    last.saidAt < instant
                else { continue }
                let place = state.voices[index].words.count - 1
                state.voices[index].words[place].fate = .lost
                state.voices[index].words[place].knownAt = .now
            }
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

    /// Serves every socket once. Returns false if the fleet is no longer referenced.
    private func turn() -> Bool {
        var polls = state.withLock { state in
            state.lines.indices.map { index in
                let isOpen = state.voices[index].end == nil
                let descriptor = isOpen ? state.lines[index].descriptor : -1
                return pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            }
        }
        // A short timeout, so that talking clients send in time.
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
        state.decoders[index].append(chunk[..<count])
        do {
            while let frame = try state.decoders[index].next() { hear(frame, index, &state) }
        } catch {
            state.voices[index].end = "\(error)"
        }
    }

    private static func hear(_ frame: FrameDecoder.Frame, _ index: Int, _ state: inout State) {
        switch frame.opcode {
        case 1: hear(ReceivedText(bytes: frame.payload), index, &state.voices[index])
        case 9: try? state.lines[index].client.send(frame: 10, frame.payload)
        default:
            state.voices[index].closeCode = frame.closeCode
            state.voices[index].end =
                "opcode \(frame.opcode): \(frame.closeCode ?? 0) \(frame.closeReason)"
        }
    }

    private static func hear(_ heard: ReceivedText, _ index: Int, _ voice: inout Voice) {
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
