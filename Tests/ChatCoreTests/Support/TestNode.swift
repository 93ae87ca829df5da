import ChatCore
import TestSupport
import Testing

/// One node in one thread: sessions, the client of a broker and a store, driven by hand. What a
/// session is told alone, and what everybody hears, is collected as text.
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
    private var client: BrokerClient
    private let effects = EffectQueue<BrokerClient.Effect>()
    /// Everything the room has been told.
    var room: [String] = []
    /// Calls that wait for `answer`; with `answersAtOnce` there are none.
    private(set) var pending: [BrokerCall] = []
    var answersAtOnce = true
    var now = Instant(nanoseconds: 1_000_000_000)
    var ms: Int64 = 1_700_000_000_000
    private var random = SplitMix(seed: 1)
    private let incarnation: Incarnation
    let reign: Reign

    init(rates: RateLimit.Policy = .unlimited, maxWaiting: Int = Limits.outboxMessages) {
        rules = SessionRules(
            node: "n1",
            reservedNames: (try? Username("admin")).map { [$0] } ?? [],
            rates: rates
        )
        incarnation = Incarnation(using: &random)
        store = Store(dataSet: "one", unixSecond: 7)
        let fence = FenceCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
        guard case .reign(let reign, _) = store.fence(fence) else {
            preconditionFailure("a new store")
        }
        self.reign = reign
        _ = store.register(RegisterCall(reign: reign, incarnation: incarnation, label: "n1"))
        client = BrokerClient(maxWaiting: maxWaiting)
        client.horizon = .distantFuture
        let standing = Standing(reign: reign, incarnation: incarnation, isGrace: false)
        ask { $0.stands(standing, seen: [:], into: &$1) }
        let question = CatchUpCall(reign: reign, room: .lobby, position: nil, marks: [], limit: 1)
        guard case .page(let page) = store.catchUp(question, birth: Lineage(using: &random)),
            let start = page.top
        else { preconditionFailure("a new room") }
        ask { client, _ in client.opened(.lobby, at: start) }
        ask { $0.linkUp(now: now, into: &$1) }
    }

    /// Somebody else, on another node, has taken a name that this one's session was thought to hold.
    func steal(_ name: String) throws {
        let other = Incarnation(using: &random)
        _ = store.register(RegisterCall(reign: reign, incarnation: other, label: "n2"))
        let beat = Roster.Beat(incarnation: incarnation, counter: 0)
        _ = store.certify(CertifyCall(reign: reign, incarnation: other, dead: beat))
        let claim = Claim(
            reign: reign,
            username: try Username(name),
            incarnation: other,
            session: SessionID(using: &random),
            lineage: Lineage(using: &random)
        )
        _ = store.claim(claim)
        // The node itself has been declared dead by mistake, and is known again.
        _ = store.reap(
            ReapCall(reign: reign, dead: incarnation, keys: store.heldKeys(of: incarnation))
        )
        _ = store.register(RegisterCall(reign: reign, incarnation: incarnation, label: "n1"))
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

    /// Answers the oldest call.
    func answer() {
        let call = pending.removeFirst()
        let answer = answer(to: call)
        ask { $0.answered(answer, now: now, into: &$1) }
    }

    /// The broker is out of reach, and not just for a moment: what has no answer will have none, and
    /// was not carried out.
    func cut() {
        pending = []
        ask { $0.linkLost("no broker", now: now, into: &$1) }
        now = now + Limits.relinkPatience
        ask { $0.tick(now: now, into: &$1) }
    }

    func link() { ask { $0.linkUp(now: now, into: &$1) } }

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
            let socket = clients[index].session.id
            ask { $0.claim(username, for: socket, using: &random, now: now, into: &$1) }
        case .release(let username):
            let socket = clients[index].session.id
            ask { $0.release(username, for: socket, into: &$1) }
        case .publish(let draft):
            ask { $0.publish(draft, now: now, into: &$1) }
        case .close(let code, _):
            clients[index].closed = code
            clients[index].session.socketClosed(into: &effects)
        case .finished:
            clients[index].isFinished = true
        }
    }

    /// What the broker says to the next publish instead of an answer; nil: the store answers.
    var outage: String?

    private func answer(to call: BrokerCall) -> BrokerAnswer {
        switch call {
        case .claim(let claim): return .claim(store.claim(claim))
        case .release(let release):
            _ = store.release(release)
            return .released
        case .publish(let call):
            if let outage { return .refused(reason: outage) }
            let (answer, publication) = store.publish(call, ms: ms)
            if let publication { room += TestNode.texts(of: Run(framing: publication)) }
            return .publish(answer)
        }
    }

    /// Lets the client take an event, ends the turn, and carries out what is wanted.
    func ask(_ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void) {
        guard effects.run({ event(&client, &$0) }, carryOut) else { return }
        while !client.isTurnEmpty {
            effects.run({ client.endTurn(now: now, into: &$0) }, carryOut)
        }
        if answersAtOnce { answerAll() }
    }

    private func carryOut(_ effect: BrokerClient.Effect) {
        switch effect {
        case .call(let call): pending.append(call)
        case .claimed(let socket, let outcome):
            run(Int(socket.slot)) { $0.claimed(outcome, into: &$1) }
        case .released(let socket): run(Int(socket.slot)) { $0.released(into: &$1) }
        case .settled(let socket, let settlement, let count):
            run(Int(socket.slot)) { $0.settled(settlement, count: count, into: &$1) }
        case .stalled(let socket, let isStalled):
            run(Int(socket.slot)) { $0.stalled(isStalled, into: &$1) }
        case .nameLost(let socket, let username):
            run(Int(socket.slot)) { $0.nameLost(username, into: &$1) }
        case .doubtStanding, .doubtRoom: break
        }
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
