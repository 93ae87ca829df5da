import ChatCore
import Testing

/// One node in one thread: sessions, an outbox and a store, driven by hand. What a session is told
/// alone, and what everybody hears, is collected as text.
final class TestNode {
    /// One client.
    struct Client {
        var session: Session
        /// Frames for this client alone, in order.
        var heard: [String] = []
        var closed: CloseCode?
        var isFinished = false
    }

    let rules: SessionRules
    var store: Store
    var clients: [Client] = []
    var outbox: Outbox
    /// Everything the room has been told.
    var room: [String] = []
    /// Requests that wait for `answer`; with `answersAtOnce` there are none.
    private(set) var pending: [() -> Void] = []
    var answersAtOnce = true
    var now = Instant(nanoseconds: 1_000_000_000)
    var ms: Int64 = 1_700_000_000_000
    private var random = SplitMix(seed: 1)
    private let incarnation: Incarnation

    init(rates: RateLimit.Policy = .unlimited, maxWaiting: Int = Limits.outboxMessages) {
        rules = SessionRules(
            node: "n1",
            reservedNames: (try? Username("admin")).map { [$0] } ?? [],
            rates: rates
        )
        incarnation = Incarnation(using: &random)
        store = Store(epoch: 7)
        store.register(incarnation)
        outbox = Outbox(maxWaiting: maxWaiting)
    }

    /// A new socket. The answer is its index.
    func open() -> Int {
        let id = SocketID(slot: Int32(clients.count), generation: 0)
        clients.append(Client(session: Session(id: id, rules: rules)))
        return clients.count - 1
    }

    func says(_ index: Int, _ text: String) {
        says(index, bytes: Array(text.utf8))
    }

    func says(_ index: Int, bytes: [UInt8]) {
        run(index) { $0.receive(bytes.span.bytes, now: now, into: &$1) }
    }

    func closes(_ index: Int) {
        run(index) { $0.socketClosed(into: &$1) }
    }

    /// Takes what a client has been told since the last time.
    func takeHeard(_ index: Int) -> [String] {
        defer { clients[index].heard = [] }
        return clients[index].heard
    }

    func takeRoom() -> [String] {
        defer { room = [] }
        return room
    }

    /// Answers the oldest request.
    func answer() {
        pending.removeFirst()()
    }

    func answerAll() {
        while !pending.isEmpty { answer() }
    }

    func run(_ index: Int, _ event: (inout Session, inout [Effect]) -> Void) {
        var effects: [Effect] = []
        event(&clients[index].session, &effects)
        var next = 0
        while next < effects.count {
            carryOut(effects[next], index, &effects)
            next += 1
        }
    }

    private func carryOut(_ effect: Effect, _ index: Int, _ effects: inout [Effect]) {
        switch effect {
        case .send(let message):
            var bytes: [UInt8] = []
            message.encode(into: &bytes)
            clients[index].heard.append(String(decoding: bytes, as: UTF8.self))
        case .claim(let username):
            let claim = Claim(
                username: username,
                incarnation: incarnation,
                session: SessionID(using: &random),
                lineage: Lineage(using: &random)
            )
            ask { [self] in
                let answer = store.claim(claim)
                run(index) { $0.claimed(answer, into: &$1) }
            }
        case .release(let proof):
            ask { [self] in
                store.release(proof)
                run(index) { $0.released(into: &$1) }
            }
        case .publish(let draft):
            guard outbox.add(draft) else {
                return clients[index].session.unsent("busy", numbered: false, into: &effects)
            }
            flush()
        case .close(let code, _):
            clients[index].closed = code
            clients[index].session.socketClosed(into: &effects)
        case .finished:
            clients[index].isFinished = true
        }
    }

    private func flush() {
        var lost: [Int] = []
        let batch = outbox.nextBatch { draft in
            let index = Int(draft.sender.slot)
            if let sealed = clients[index].session.seal(draft) { return sealed }
            lost.append(index)
            return nil
        }
        for index in lost { run(index) { $0.settled(.fenced, into: &$1) } }
        guard let batch else { return }
        ask { [self] in publish(PublishCall(room: .lobby, drafts: batch)) }
    }

    /// What the broker says to the next call instead of an answer; nil: the store answers.
    var outage: String?

    private func publish(_ call: PublishCall) {
        let (answer, publication) =
            outage.map { (.unavailable(reason: $0), nil) } ?? store.publish(call, ms: ms)
        if let publication { room += TestNode.texts(of: Run(framing: publication)) }
        for (place, sealed) in outbox.answered().enumerated() {
            run(Int(sealed.draft.sender.slot)) { session, effects in
                switch answer {
                case .verdicts(let verdicts): session.settled(verdicts[place], into: &effects)
                case .unavailable(let reason):
                    session.unsent(reason, numbered: true, into: &effects)
                }
            }
        }
        flush()
    }

    private func ask(_ request: @escaping () -> Void) {
        if answersAtOnce { request() } else { pending.append(request) }
    }

    /// The messages of a run, read back by a client's parser.
    static func texts(of run: Run) -> [String] {
        final class Sink: FrameSink {
            var texts: [String] = []
            func text(_ payload: RawSpan) -> Bool {
                texts.append(payload.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
                return true
            }
            func ping(_ payload: RawSpan) -> Bool { true }
            func pong(_ payload: RawSpan) -> Bool { true }
            func close(_ code: CloseCode?, _ reason: RawSpan) {}
        }
        let sink = Sink()
        var parser = FrameParser(.client, maxMessageBytes: 1 << 20)
        var bytes = run.bytes
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        do {
            try parser.consume(&raw, into: sink)
        } catch {
            Issue.record("the frames are wrong: \(error)")
        }
        return sink.texts
    }
}

extension RateLimit.Policy {
    static var unlimited: RateLimit.Policy { .init(messageRate: 0, byteRate: 0) }
}
