import ChatCore
import Testing

/// One connection of a person to a loop, and the session behind it. It outlives the person's interest in
/// it: a client that has vanished is noticed by its node only later.
final class SimSocket {
    let person: SimClient
    let loop: SimLoop
    private let dialect: Dialect
    private(set) var id = SocketID(slot: 0, generation: 0)
    private var session: Session
    private(set) var isOpen = true
    /// Messages on their way.
    private(set) var unsettled = 0

    init(_ person: SimClient, _ loop: SimLoop, _ dialect: Dialect) {
        self.person = person
        self.loop = loop
        self.dialect = dialect
        session = Session(id: id, rules: Self.rules)
        id = loop.open(self)
        session = Session(id: id, rules: Self.rules, isResumable: dialect.isResumable)
    }

    private static let rules = SessionRules(node: "n", rates: .unlimited)
    private var world: World { loop.node.world }

    // MARK: What the client does

    func say(_ text: String) {
        loop.node.runs { [self] in
            guard isOpen else { return }
            run {
                dialect.receive(Array(text.utf8).span.bytes, by: &$0, now: world.now, into: &$1)
            }
        }
    }

    /// The node notices, a moment later, that the socket is closed.
    func close() {
        world.after(world.duration(1...2_000)) { [self] in loop.node.runs { self.end() } }
    }

    private func end() {
        guard isOpen else { return }
        isOpen = false
        run { $0.socketClosed(into: &$1) }
        loop.leaveRooms(id)
    }

    // MARK: What becomes of it

    func run(_ event: (inout Session, inout [Session.Effect]) -> Void) {
        var effects: [Session.Effect] = []
        event(&session, &effects)
        for effect in effects { carryOut(effect) }
    }

    func hear(_ event: Session.Event) { if isOpen { person.hear(event, over: self) } }

    func hear(_ text: ArraySlice<UInt8>, in room: RoomName) {
        if isOpen { person.hear(text, in: room, over: self) }
    }

    func settled(_ settlement: Settlement) {
        unsettled -= 1
        person.settled(settlement)
    }

    private func carryOut(_ effect: Session.Effect) {
        world.note("person \(person.number) \(effect)")
        switch effect {
        case .tell(let event): if isOpen { person.hear(event, over: self) }
        case .claim(let username): claim(username, isResumable: false, nil)
        case .claimResumable(let username, let proof): claim(username, isResumable: true, proof)
        case .cancelClaim: loop.ask { $0.cancelClaim(for: id, into: &$1) }
        case .release(let username, let action):
            loop.ask { $0.release(username, for: id, action, now: world.now, into: &$1) }
        case .publish(let draft):
            unsettled += 1
            loop.ask { $0.publish(draft, now: world.now, into: &$1) }
        case .enter(let room, let mayBegin):
            loop.ask { $0.enter(room, for: id, mayBegin: mayBegin, now: world.now, into: &$1) }
        case .hear(let room, let start):
            guard isOpen else { break }
            if dialect.isResumable {
                loop.ask { client, _ in client.beginPresence(in: room, of: id) }
            }
            loop.hear(room, from: start, by: self)
        case .leave(let room):
            // A client whose socket has ended does not leave: its name may linger in the room.
            if isOpen { loop.ask { client, _ in client.endPresence(in: room, of: id) } }
            loop.leave(room, id)
        case .readHistory(let room, let range, let subject):
            if isOpen { loop.request(.history(range, subject), of: room, by: id) }
        case .typing: break
        case .close(.replaced, _): close()
        case .close: Issue.record("nobody floods")
        case .finished:
            loop.client.sessionEnded(id)
            loop.forget(id)
            person.finished(self)
        }
    }

    private func claim(_ username: Username, isResumable: Bool, _ proof: LoginID?) {
        loop.ask {
            $0.claim(
                username,
                for: id,
                isResumable: isResumable,
                proof: proof,
                using: &world.random,
                now: world.now,
                into: &$1
            )
        }
    }
}
