import ChatCore
import TestSupport
import Testing

/// A node of one loop whose broker is a `Store`: a test opens sockets and sends as their clients.
/// What each client receives alone, and what the room receives, is collected as text.
final class TestNode: ClientLoop {
    /// One client.
    struct Client {
        var session: Session
        let dialect: Dialect
        /// Frames for this client alone, in order.
        var heard: [String] = []
        var closed: CloseCode?
        /// The start of the hearing of each room, in the order of the answers.
        var starts: [Session.Start] = []
        /// What of rooms' histories it has asked for.
        var ranges: [Session.HistoryRange] = []
        var isFinished = false
    }

    let rules: SessionRules
    var store: Store
    var clients: [Client] = []
    var client: BrokerClient
    let effects = EffectQueue<BrokerClient.Effect>()
    /// Everything that rooms have been told.
    var room: [String] = []
    /// The end of each room that the node hears.
    private(set) var positions: [RoomName: Position] = [:]
    /// Calls that wait for `answer`; with `answersAtOnce` there are none.
    private(set) var pending: [BrokerCall] = []
    var answersAtOnce = true
    /// Whether the node is told of logins that were replaced.
    var isTold = true
    var now = Instant(nanoseconds: 1_000_000_000)
    var ms: Int64 = 1_700_000_000_000
    private var random = SplitMix(seed: 1)
    private let incarnation: Incarnation
    let epoch: Epoch

    init(
        rates: RateLimit.Policy = .unlimited,
        rooms: RoomLimits = .init(),
        maxWaiting: Int = Limits.outboxMessages
    ) {
        rules = SessionRules(
            node: "n1",
            reservedNames: (try? Username("admin")).map { [$0] } ?? [],
            rates: rates,
            rooms: rooms
        )
        incarnation = Incarnation(using: &random)
        store = Store(dataSet: "one", unixSecond: 7)
        let fence = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
        guard case .epoch(let epoch, _) = store.openEpoch(fence) else {
            preconditionFailure("a new store")
        }
        self.epoch = epoch
        _ = store.register(RegisterCall(epoch: epoch, incarnation: incarnation, label: "n1"))
        client = BrokerClient(maxWaiting: maxWaiting)
        client.leaseExpiry = .distantFuture
        let registration = Registration(epoch: epoch, incarnation: incarnation, isGrace: false)
        ask { $0.registrationChanged(registration, seen: [:], into: &$1) }
        open(.lobby)
        ask { $0.linkUp(now: now, into: &$1) }
    }

    /// Has the node hear a room.
    func open(_ room: RoomName) {
        let question = CatchUpCall(epoch: epoch, room: room, position: nil, marks: [], limit: 1)
        guard case .page(let page) = store.catchUp(question, birth: ProducerID(using: &random)),
            let start = page.top
        else { preconditionFailure("a room begins when it is asked for") }
        positions[room] = start
        ask { $0.opened(room, at: start, into: &$1) }
    }

    /// Has the node forget a room.
    func close(_ room: RoomName) {
        positions[room] = nil
        ask { client, _ in client.closed(room) }
    }

    /// Lets a login on another node take a name that a session of this node believes to hold.
    func steal(_ name: String) throws {
        let other = Incarnation(using: &random)
        _ = store.register(RegisterCall(epoch: epoch, incarnation: other, label: "n2"))
        let heartbeat = Roster.Heartbeat(incarnation: incarnation, counter: 0)
        _ = store.certify(CertifyCall(epoch: epoch, incarnation: other, dead: heartbeat))
        let claim = Claim(
            username: try Username(name),
            login: LoginID(using: &random),
            producer: ProducerID(using: &random)
        )
        _ = store.claim(ClaimCall(epoch: epoch, incarnation: other, number: 0, claims: [claim]))
        // The node itself has been declared dead by mistake, and is known again.
        _ = store.reap(
            ReapCall(epoch: epoch, dead: incarnation, keys: store.heldKeys(of: incarnation))
        )
        _ = store.register(RegisterCall(epoch: epoch, incarnation: incarnation, label: "n1"))
    }

    /// A new socket. The answer is its index.
    func open(_ dialect: Dialect = .plain) -> Int {
        let id = SocketID(slot: Int32(clients.count), generation: 0)
        let session = Session(id: id, rules: rules, isResumable: dialect.isResumable)
        clients.append(Client(session: session, dialect: dialect))
        return clients.count - 1
    }

    func says(_ index: Int, _ text: String) {
        says(index, bytes: Array(text.utf8))
    }

    func says(_ index: Int, bytes: [UInt8]) {
        let dialect = clients[index].dialect
        run(index) {
            dialect.receive(bytes.span.bytes, by: &$0, now: now, into: &$1)
        }
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
        for replacement in store.takeReplaced() where replacement.incarnation == incarnation {
            if isTold { ask { client, _ in client.replaced(replacement.login) } }
        }
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

    func run(_ index: Int, _ event: (inout Session, inout [Session.Effect]) -> Void) {
        var effects: [Session.Effect] = []
        event(&clients[index].session, &effects)
        var next = 0
        while next < effects.count {
            carryOut(effects[next], index, &effects)
            next += 1
        }
    }

    private func carryOut(_ effect: Session.Effect, _ index: Int, _ effects: inout [Session.Effect])
    {
        switch effect {
        case .tell(let event):
            var bytes: [UInt8] = []
            clients[index].dialect.append(event, to: &bytes)
            clients[index].heard.append(String(decoding: bytes, as: UTF8.self))
        case .claim(let username):
            let socket = clients[index].session.id
            ask { $0.claim(username, for: socket, using: &random, now: now, into: &$1) }
        case .claimResumable(let username, let proof):
            let socket = clients[index].session.id
            ask {
                $0.claim(
                    username,
                    for: socket,
                    isResumable: true,
                    proof: proof,
                    using: &random,
                    now: now,
                    into: &$1
                )
            }
        case .cancelClaim:
            let socket = clients[index].session.id
            ask { $0.cancelClaim(for: socket, into: &$1) }
        case .release(let username, let action):
            let socket = clients[index].session.id
            ask { $0.release(username, for: socket, action, now: now, into: &$1) }
        case .publish(let draft):
            ask { $0.publish(draft, now: now, into: &$1) }
        case .enter(let room, let mayBegin):
            let socket = clients[index].session.id
            ask { $0.enter(room, for: socket, mayBegin: mayBegin, now: now, into: &$1) }
        case .hear(let room, let start):
            guard let end = positions[room] else {
                Issue.record("a room is heard that was not opened")
                return
            }
            clients[index].starts.append(start)
            clients[index].session.heard(
                room,
                at: end,
                isRecovered: nil,
                presence: nil,
                into: &effects
            )
            clients[index].session.synced(room, seq: end.seq, into: &effects)
        case .readHistory(_, let range, _): clients[index].ranges.append(range)
        case .typing(let room, let name): typing.append("\(name) in \(room.text)")
        case .leave(let room):
            let socket = clients[index].session.id
            ask { $0.leave(room, for: socket, into: &$1) }
        case .close(let code, reason: _):
            clients[index].closed = code
            clients[index].session.socketClosed(into: &effects)
        case .finished:
            clients[index].isFinished = true
        }
    }

    /// Who was said to write, and in which rooms.
    var typing: [String] = []
    /// What the broker says to the next publish instead of an answer; nil: the store answers.
    var outage: String?

    private func answer(to call: BrokerCall) -> BrokerAnswer {
        if let outage, case .publish = call { return .refused(reason: outage) }
        let (answer, publication) = store.answer(call, ms: ms)
        if let publication { positions[publication.room] = publication.end }
        if let publication { room += TestNode.texts(of: FramedBatch(framing: publication)) }
        return answer
    }

    func turnEnded() {
        if answersAtOnce { answerAll() }
    }

    func carryOut(_ effect: BrokerClient.Effect) {
        switch effect {
        case .call(let call): pending.append(call)
        case .tell(let socket, let answer): run(Int(socket.slot)) { $0.take(answer, into: &$1) }
        case .moderated, .recheckRegistration, .recheckRoom, .enterRoom, .leaveRoom: break
        }
    }

    /// Returns the messages of a batch, as a client reads them.
    static func texts(of batch: FramedBatch) -> [String] {
        do {
            return try FrameDecoder.all(in: batch.bytes, of: .server).map(\.text)
        } catch {
            Issue.record("the frames are wrong: \(error)")
            return []
        }
    }
}

extension RateLimit.Policy {
    static var unlimited: RateLimit.Policy { .init(messageRate: 0, byteRate: 0) }
}
