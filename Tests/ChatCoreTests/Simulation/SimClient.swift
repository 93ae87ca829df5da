import ChatCore
import Testing

/// A person: logs in, talks, leaves, comes back, on whatever node. One with a plain client begins anew each
/// time; one that speaks `chat.v1` takes its name over, and sends again what was not acknowledged.
final class SimClient {
    enum Mood { case away, asking, talking, releasing }

    let world: World
    let number: Int
    let name: String
    private(set) var mood = Mood.away
    private(set) var socket: SimSocket?
    private var said = 0
    /// All sockets whose sessions are not over.
    private var sockets: [SimSocket] = []
    /// Messages on their way.
    var unsettled: Int {
        sockets.filter(\.loop.node.isAlive).reduce(0) { $0 + $1.unsettled }
    }
    /// What became of something is not known: its node died with it, or its name passed on.
    var hasLostTrack: Bool {
        hasUnknown || sockets.contains { !$0.loop.node.isAlive && $0.unsettled > 0 }
    }
    private var hasUnknown = false
    /// When the oldest thing that this one waits for was asked.
    private(set) var waitingSince: Instant?
    private(set) var acceptedCount = 0
    private(set) var bodies: [String] = []
    /// What a client of `chat.v1` remembers; nil: the client is plain.
    var outbox: SimOutbox?
    /// What a client of `chat.v1` has said under its present login, and what it has taken back.
    var removals = SimRemovals()
    /// The places that it was told of what was accepted.
    var places: [SimRemovals.Place] = []
    /// What it has of the rooms that it was ever in.
    var views: [RoomName: ClientView] = [:]
    /// The presence in the rooms that it has joined, as it was told.
    var members: [RoomName: MemberView] = [:]
    /// The rooms that it has asked for over its present socket.
    var asked: Set<RoomName> = []
    /// Those of them that it has joined: what comes of others was under way when it left them.
    var joined: Set<RoomName> = []

    init(world: World, number: Int, name: String, isResumable: Bool) {
        self.world = world
        self.number = number
        self.name = name
        if isResumable { outbox = SimOutbox() }
    }

    /// Whether the client's node runs: one that is stopped answers no client.
    var isServed: Bool { socket.map { $0.loop.node.isAlive && !$0.loop.node.isPaused } ?? false }

    /// A node that is stopped cannot be waited for.
    func startWaitingAnew() {
        if waitingSince != nil { waitingSince = world.now }
    }

    /// Whether each message is settled once: what a client of `chat.v1` sends again is, too.
    var isPlain: Bool { outbox == nil }

    /// The bodies that a `chat.v1` client was told are accepted.
    var acknowledged: [String] { outbox?.acknowledged ?? [] }
    /// How often its messages had to be numbered anew.
    var renumbered: Int { outbox?.renumbered ?? 0 }
    /// How often the client took its name over.
    var resumed: Int { outbox?.resumed ?? 0 }

    // MARK: What this one does

    func act(on nodes: [SimNode]) {
        // The node has died under the socket.
        if let socket, !socket.loop.node.isAlive { leave() }
        guard mood != .releasing else { return }
        if mood == .away { return open(on: nodes) }
        // A client does not wait for ever for a node that says nothing.
        if outbox != nil, world.chance(0.1) { return vanish() }
        if outbox != nil, let socket { roam(over: socket) }
        guard mood != .asking else { return }
        switch Int.random(in: 0..<20, using: &world.random) {
        case 0: socket?.say(#"{"type":"logout","username":"\#(name)"}"#)
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
        let socket = SimSocket(self, loop, outbox == nil ? .plain : .v1)
        self.socket = socket
        (asked, joined) = ([], [])
        sockets.append(socket)
        mood = .asking
        waitingSince = world.now
        let secret = outbox?.secret.map { #","session":"\#($0.text)""# } ?? ""
        socket.say(#"{"type":"login","username":"\#(name)"\#(secret)}"#)
    }

    private func talk() {
        if outbox?.isToBeSentAgain == true { return sendAgain() }
        said += 1
        let value = "\(number)-\(said)"
        if outbox != nil, world.chance(0.15), remove() { return }
        guard outbox != nil else {
            bodies.append(#"{"type":"chat","username":"\#(name)","value":"\#(value)"}"#)
            socket?.say(#"{"type":"chat","username":"\#(name)","value":"\#(value)"}"#)
            return
        }
        let room = world.rooms.randomElement(using: &world.random) ?? .lobby
        let place = room == .lobby ? "" : #","room":"\#(room.text)""#
        let body = #"{"type":"chat","username":"\#(name)","value":"\#(value)"\#(place)}"#
        bodies.append(body)
        if let text = outbox?.add(body) { say(text) }
    }

    func say(_ text: String) { socket?.say(text) }

    /// Sends again what has no `ack`, under the same numbers.
    private func sendAgain() {
        for text in outbox?.takeAgain() ?? [] { socket?.say(text) }
    }

    /// Closes the socket properly. A plain client comes back when its node has done with it.
    func close() {
        guard let socket else { return }
        if outbox == nil { mood = .releasing } else { leave() }
        socket.close()
    }

    /// Goes away without a word: the node notices later, perhaps when the client has long been back.
    private func vanish() {
        guard let gone = socket else { return }
        leave()
        world.after(world.duration(1...4_000, unit: 1_000_000)) { gone.close() }
    }

    private func leave() {
        socket = nil
        mood = .away
        waitingSince = nil
    }

    // MARK: What becomes of it

    func settled(_ settlement: Settlement) {
        switch settlement {
        case .accepted: acceptedCount += 1
        case .refused, .outOfOrder, .notRemoved, .lost: break
        case .unknown: hasUnknown = true
        }
    }

    /// A session is over.
    func finished(_ gone: SimSocket) {
        sockets.removeAll { $0 === gone }
        if gone === socket { leave() }
    }

    func hear(_ event: Session.Event, over place: SimSocket) {
        guard place === socket else { return }
        switch event {
        case .granted(_, _, let login):
            mood = mood == .releasing ? .releasing : .talking
            waitingSince = nil
            outbox?.granted(login)
            if !login.isResumed { removals.forgetOwn() }
        case .notGranted, .released, .nameLost:
            waitingSince = nil
            close()
        case .accepted(let place, let about):
            noteAck(at: place, about)
            notePlace(place, about)
            if let body = outbox?.accepted(about) { removals.accepted(body, place, about.room) }
        case .refused(_, _, let about?) where about.n == 0 && about.id == nil:
            if let room = about.room.flatMap({ try? RoomName($0) }) { asked.remove(room) }
        case .refused(.outOfOrder, _, let about), .refused(.unavailable, _, let about):
            outbox?.answered(about)
        case .refused(.noSuchMessage, _, let about), .refused(.notOwnMessage, _, let about),
            .refused(.messageTooOld, _, let about), .refused(.tooMuch, _, let about):
            outbox?.refused(about)
        case .refused(.malformed, _, _): if outbox != nil { Issue.record("it is well-formed") }
        case .joined, .reset, .gap, .history: hearOfRoom(event, over: place)
        case .synced, .pong, .status, .refused: break
        }
    }
}
