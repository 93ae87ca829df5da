import ChatCore
import Testing

/// A person with a plain client: logs in, talks, leaves, comes back, on whatever node.
final class SimClient {
    enum Mood { case away, asking, talking, releasing }

    let world: World
    let number: Int
    let name: String
    private(set) var mood = Mood.away
    private var session: Session?
    private var loop: SimLoop?
    private var id: SocketID?
    private var said = 0
    private var isOpen = false
    /// Messages on their way, of all sockets of this person.
    private(set) var unsettled = 0
    /// What became of something is not known: its node died with it, or its name passed on.
    private(set) var hasLostTrack = false
    /// When the oldest thing that this one waits for was asked.
    private(set) var waitingSince: Instant?
    private(set) var acceptedCount = 0
    private(set) var bodies: [String] = []

    init(world: World, number: Int, name: String) {
        self.world = world
        self.number = number
        self.name = name
    }

    /// Whether the client's node runs: one that is stopped answers no client.
    var isServed: Bool { loop.map { $0.node.isAlive && !$0.node.isPaused } ?? false }

    /// A node that is stopped cannot be waited for.
    func startWaitingAnew() {
        if waitingSince != nil { waitingSince = world.now }
    }

    // MARK: What this one does

    func act(on nodes: [SimNode]) {
        if let loop, !loop.node.isAlive { dropped() }
        guard mood != .asking, mood != .releasing else { return }
        if mood == .away { return open(on: nodes) }
        switch Int.random(in: 0..<20, using: &world.random) {
        case 0: say(#"{"type":"logout","username":"\#(name)"}"#)
        case 1: close()
        case 2:
            talk()
            close()
        default: for _ in 0..<Int.random(in: 1...3, using: &world.random) { talk() }
        }
    }

    private func open(on nodes: [SimNode]) {
        let alive = nodes.filter(\.isAlive)
        guard let node = alive.randomElement(using: &world.random),
            let loop = node.loops.randomElement(using: &world.random)
        else { return }
        let id = loop.open(self)
        self.loop = loop
        self.id = id
        isOpen = true
        session = Session(id: id, rules: SessionRules(node: "n", rates: .unlimited))
        mood = .asking
        waitingSince = world.now
        say(#"{"type":"login","username":"\#(name)"}"#)
    }

    private func talk() {
        said += 1
        let value = "\(number)-\(said)"
        bodies.append(#"{"type":"chat","username":"\#(name)","value":"\#(value)"}"#)
        say(#"{"type":"chat","username":"\#(name)","value":"\#(value)"}"#)
    }

    private func say(_ text: String) {
        loop?.node.runs { [self] in
            guard isOpen else { return }
            run {
                Dialect.plain.receive(
                    Array(text.utf8).span.bytes,
                    by: &$0,
                    now: world.now,
                    into: &$1
                )
            }
        }
    }

    func close() {
        guard session != nil, isOpen else { return }
        mood = .releasing
        loop?.node.runs { [self] in
            isOpen = false
            run { $0.socketClosed(into: &$1) }
        }
    }

    /// The node has died under the socket.
    private func dropped() {
        hasLostTrack = hasLostTrack || unsettled > 0
        unsettled = 0
        forget()
    }

    private func forget() {
        if let id { loop?.forget(id) }
        (session, loop, id) = (nil, nil, nil)
        isOpen = false
        mood = .away
        waitingSince = nil
    }

    // MARK: What becomes of it

    func run(_ event: (inout Session, inout [Session.Effect]) -> Void) {
        guard session != nil else { return }
        var effects: [Session.Effect] = []
        event(&session!, &effects)
        for effect in effects { carryOut(effect) }
    }

    func settled(_ settlement: Settlement) {
        unsettled -= 1
        switch settlement {
        case .accepted: acceptedCount += 1
        case .refused, .outOfOrder, .lost: break
        case .unknown: hasLostTrack = true
        }
    }

    private func carryOut(_ effect: Session.Effect) {
        world.note("person \(number) \(effect)")
        guard let id, let loop else { return }
        switch effect {
        case .tell(let event): hear(event)
        case .claim(let username):
            loop.ask {
                $0.claim(
                    username,
                    for: id,
                    using: &world.random,
                    now: world.now,
                    into: &$1
                )
            }
        case .cancelClaim: loop.ask { $0.cancelClaim(for: id, into: &$1) }
        case .release(let username): loop.ask { $0.release(username, for: id, into: &$1) }
        case .publish(let lobbyDraft):
            unsettled += 1
            // Half of them go to rooms, whether anybody on the loop is there or not.
            let room = world.chance(0.5) ? world.rooms.randomElement(using: &world.random) : nil
            let draft = Draft(sender: id, room: room ?? .lobby, body: lobbyDraft.body)
            loop.ask { $0.publish(draft, now: world.now, into: &$1) }
        case .enter, .hear, .leave, .readHistory: Issue.record("nobody asks for a room")
        case .close: Issue.record("nobody floods")
        case .finished: forget()
        }
    }

    private func hear(_ event: Session.Event) {
        switch event {
        case .granted:
            mood = mood == .releasing ? .releasing : .talking
            waitingSince = nil
        case .notGranted, .released, .nameLost:
            waitingSince = nil
            close()
        case .joined, .synced, .reset, .gap, .history, .accepted, .pong, .status, .refused: break
        }
    }
}
