public import ChatCore
public import NIOCore

/// A backend in one file, to be copied: names and rooms are kept by a `DelayedServer` in this process,
/// which is reached over connections that delay what they carry and are cut now and then.
///
/// Several backends may share one server, as several nodes share one Redis.
public final class DelayedBackend: Backend {
    private let server: NIOLoopBoundBox<DelayedServer>
    private let member: NIOLoopBoundBox<Member>
    fileprivate let loops: [any EventLoop]

    /// Makes the backend of one node with these loops.
    public init(
        server: NIOLoopBoundBox<DelayedServer>,
        loops: [any EventLoop],
        node: any NodeEvents,
        roomLinger: Duration = Limits.roomLinger,
        now: Instant
    ) {
        self.server = server
        self.loops = loops
        let made = Member(node: node, loops: loops.count, roomLinger: roomLinger, now: now)
        member = .makeBoxSendingValue(made, eventLoop: server.eventLoop)
    }

    /// Makes the broker of one loop.
    public func makeBroker(ofLoop index: Int) -> any Broker {
        DelayedBroker(backend: self, index: index)
    }

    /// Registers the node and connects its loops.
    public func start() async throws {
        try await atServer { $0.start($1) }.get()
    }

    /// Returns nothing: there is nothing outside of the process to be read.
    public func readAgain() -> [String] { [] }

    /// Frees the node's names and lets go of its loops.
    public func stop() async {
        try? await atServer { $0.stop($1) }.get()
    }

    /// Runs something on the server's loop, after all that this thread has asked for before.
    @discardableResult
    fileprivate func atServer(
        _ body: @escaping @Sendable (DelayedServer, Member) -> Void
    ) -> EventLoopFuture<Void> {
        server.eventLoop.submit { [server, member] in body(server.value, member.value) }
    }
}

/// One loop's connection to the server. On: its loop.
private final class DelayedBroker: Broker {
    private let backend: DelayedBackend
    private let index: Int
    /// The calls of this turn, which leave together.
    private var calls: [BrokerCall] = []
    /// The number of the present connection; nil: there is none.
    private var connection: Int?
    /// Nil after the backend has stopped: nothing is told of what is still on its way then.
    var events: (any BrokerEvents)?

    init(backend: DelayedBackend, index: Int) {
        self.backend = backend
        self.index = index
    }

    func attach(_ events: any BrokerEvents) {
        self.events = events
        let bound = NIOLoopBound(self, eventLoop: backend.loops[index])
        backend.atServer { [index] in $1.links.append(Link(bound, index)) }
    }

    func send(_ call: BrokerCall) {
        if connection != nil { calls.append(call) }
    }

    func read(_ call: HistoryCall) {
        guard let connection else { return }
        backend.atServer { [index] in $0.read(call, index, $1, over: connection) }
    }

    func typing(_ name: String, in room: RoomName) {
        guard connection != nil else { return }
        backend.atServer { server, _ in server.typing(name, in: room) }
    }

    func endTurn() {
        guard !calls.isEmpty, let connection else { return }
        backend.atServer { [calls, index] in $0.handle(calls, of: index, $1, over: connection) }
        calls = []
    }

    func recheckRegistration() { backend.atServer { $0.tellRegistration($1) } }

    func recheck(_ room: RoomName) { backend.atServer { $0.tellOpen(room, $1) } }

    func enter(_ room: RoomName) { backend.atServer { [index] in $0.enter(room, index, $1) } }

    func leave(_ room: RoomName) { backend.atServer { [index] in $0.leave(room, index, $1) } }

    func connected(as number: Int) {
        connection = number
        events?.connected()
    }

    func disconnected() {
        connection = nil
        // `disconnected` settles these as well: they must not be sent later.
        calls = []
        events?.disconnected("The connection to the names is cut; try again in a moment")
    }
}

/// A node as the server knows it. On: the server's loop.
private final class Member {
    let node: any NodeEvents
    var availability: Availability
    var links: [Link] = []
    var registration: Registration?
    /// The rooms that are open on this node.
    var interests: RoomInterests
    /// Who is present in them.
    var presence = PresenceFeeds()
    let roomLinger: Duration
    private var hasBeenReady = false

    init(node: any NodeEvents, loops: Int, roomLinger: Duration, now: Instant) {
        self.node = node
        self.roomLinger = roomLinger
        interests = RoomInterests(linger: roomLinger)
        availability = Availability(loops: loops, now: now)
    }

    func set(_ part: Availability.Part, isThere: Bool, _ now: Instant) {
        let since = availability.since
        availability.set(part, isThere: isThere, now: now)
        if availability.since != since { node.backendIsMissing(since: availability.since) }
        guard availability.since == nil, !hasBeenReady else { return }
        hasBeenReady = true
        node.backendIsReady("a delayed server in this process")
    }
}

/// A loop's connection as the server sees it. On: the server's loop.
private final class Link {
    let broker: NIOLoopBound<DelayedBroker>
    let index: Int
    /// The number of the present connection: calls that come over an earlier one are lost.
    var connection = 0
    var isConnected = false
    /// When the last thing arrives that the loop was told.
    private var last = NIODeadline.uptimeNanoseconds(0)

    init(_ broker: NIOLoopBound<DelayedBroker>, _ index: Int) {
        self.broker = broker
        self.index = index
    }

    /// Tells the loop something after a delay, and after all that it was told before.
    func tell(after delay: TimeAmount, _ body: @escaping @Sendable (DelayedBroker) -> Void) {
        last = max(last + .nanoseconds(1), .now() + delay)
        broker.eventLoop.scheduleTask(deadline: last) { [broker] in body(broker.value) }
    }
}

/// Keeps names and orders messages for all nodes that share it: a `Store`, on one event loop.
///
/// On: its loop.
public final class DelayedServer {
    /// What goes wrong on the way. The same seed draws the same delays and cuts.
    public struct Faults: Sendable {
        /// The seed of everything that is drawn.
        public var seed: UInt64 = 1
        /// The longest delay of what a loop is told.
        public var longestDelay = TimeAmount.milliseconds(2)
        /// One in this number of batches of calls cuts its connection; 0: none does.
        public var cutOneIn = 50
        /// How long a cut connection stays away.
        public var absence = TimeAmount.milliseconds(5)

        /// Makes the default faults.
        public init() {}
    }

    private let loop: any EventLoop
    private let faults: Faults
    private let now: @Sendable () -> Instant
    private let unixMilliseconds: @Sendable () -> Int64
    private var dice: Dice
    private var store: Store
    private let epoch: Epoch
    private var members: [Member] = []

    /// Makes an empty server. `now` is the nodes' clock, `unixMilliseconds` the time since 1970.
    public init(
        loop: any EventLoop,
        faults: Faults = Faults(),
        now: @escaping @Sendable () -> Instant,
        unixMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.loop = loop
        self.faults = faults
        self.now = now
        self.unixMilliseconds = unixMilliseconds
        dice = Dice(state: faults.seed)
        let second = UInt64(clamping: unixMilliseconds() / 1000)
        store = Store(dataSet: Incarnation(using: &dice).description, unixSecond: second)
        let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
        guard case .epoch(let epoch, _) = store.openEpoch(call) else {
            preconditionFailure("an empty store opens its first epoch")
        }
        self.epoch = epoch
    }

    /// Registers a node until it stops: it is in the server's process, and needs no heartbeat.
    fileprivate func start(_ member: Member) {
        let incarnation = Incarnation(using: &dice)
        _ = store.register(RegisterCall(epoch: epoch, incarnation: incarnation, label: ""))
        member.registration = Registration(epoch: epoch, incarnation: incarnation, isGrace: false)
        members.append(member)
        member.node.leaseExpires(at: .distantFuture)
        tell(member) { $0.leaseExpires(at: .distantFuture) }
        tellRegistration(member)
        tellOpen(.lobby, member)
        if let registration = member.registration {
            updatePresence(member) {
                $0.registrationChanged(registration, now: self.now(), into: &$1)
            }
        }
        comparePresence(of: .lobby, member)
        member.set(.registration, isThere: true, now())
        member.set(.subscription, isThere: true, now())
        for link in member.links { connect(link, member) }
    }

    fileprivate func stop(_ member: Member) {
        members.removeAll { $0 === member }
        for link in member.links {
            link.broker.eventLoop.execute { [broker = link.broker] in broker.value.events = nil }
        }
        member.links = []
        guard let incarnation = member.registration?.incarnation else { return }
        // As for a node that has died, whose counter has stood still since it was registered.
        let last = Roster.Heartbeat(incarnation: incarnation, counter: 0)
        _ = store.certify(CertifyCall(epoch: epoch, incarnation: incarnation, dead: last))
        var left = 1
        while left > 0 {
            let keys = store.heldKeys(of: incarnation)
            let call = ReapCall(epoch: epoch, dead: incarnation, keys: keys)
            guard case .left(let rest) = store.reap(call) else { break }
            left = rest
        }
        tellPresence()
    }

    /// Carries out the calls of one turn of a loop, answers them, and delivers their messages.
    fileprivate func handle(
        _ calls: [BrokerCall],
        of index: Int,
        _ member: Member,
        over connection: Int
    ) {
        guard let link = member.links.first(where: { $0.index == index }),
            link.connection == connection
        else { return }
        let isCut = faults.cutOneIn > 0 && Int.random(in: 0..<faults.cutOneIn, using: &dice) == 0
        // A cut meets the calls on their way, so that the last ones are lost, and all answers.
        let count = isCut ? Int.random(in: 0...calls.count, using: &dice) : calls.count
        var answers: [BrokerAnswer] = []
        var batches: [(RoomName, FramedBatch)] = []
        for call in calls.prefix(count) {
            let (answer, publication) = store.answer(call, ms: unixMilliseconds())
            answers.append(answer)
            guard let publication else { continue }
            batches.append((publication.room, FramedBatch(framing: publication)))
        }
        if isCut {
            cut(link, member)
        } else {
            tell(link) { [answers] events in for answer in answers { events.answered(answer) } }
        }
        for replacement in store.takeReplaced() {
            for member in members
            where member.registration?.incarnation == replacement.incarnation {
                tell(member) { $0.replaced(replacement.login) }
            }
        }
        tellPresence()
        guard !batches.isEmpty else { return }
        // `tell` keeps the order, so that all loops of all nodes are told the same one.
        for member in members {
            let heard = batches.filter { member.interests.contains($0.0) }
            guard !heard.isEmpty else { continue }
            tell(member) { [now] events in
                for (room, batch) in heard { events.deliver(batch, to: room, arrivedAt: now()) }
            }
        }
    }
}

extension DelayedServer {
    /// Cuts the connections of all loops; each comes back after `Faults.absence`.
    public func cutAll() {
        for member in members {
            for link in member.links where link.isConnected { cut(link, member) }
        }
    }

    private func cut(_ link: Link, _ member: Member) {
        link.connection += 1
        link.isConnected = false
        link.tell(after: drawDelay()) { $0.disconnected() }
        member.set(.loop(link.index), isThere: false, now())
        loop.assumeIsolated().scheduleTask(in: faults.absence) { self.connect(link, member) }
    }

    private func connect(_ link: Link, _ member: Member) {
        // The node may have stopped in between, and its loops with it.
        guard member.links.contains(where: { $0 === link }) else { return }
        link.isConnected = true
        let number = link.connection
        link.tell(after: drawDelay()) { $0.connected(as: number) }
        member.set(.loop(link.index), isThere: true, now())
    }

    /// Announces a node's registration. `seen` is empty: while the epoch lasts, the record of a name
    /// tells which of its holder's messages were accepted.
    fileprivate func tellRegistration(_ member: Member) {
        guard let registration = member.registration else { return }
        tell(member) { $0.registrationChanged(registration, seen: [:]) }
    }

    /// Begins a loop's interest in a room.
    fileprivate func enter(_ room: RoomName, _ index: Int, _ member: Member) {
        guard let link = member.links.first(where: { $0.index == index }) else { return }
        switch member.interests.enter(room, loop: index) {
        case .first:
            tellOpen(room, member)
            comparePresence(of: room, member)
        case .again: if let top = top(of: room) { tell(link) { $0.roomOpened(room, at: top) } }
        case .refused: tell(link) { $0.roomRefused(room) }
        }
    }

    /// Ends a loop's interest in a room, and closes the room if nobody comes back in time.
    fileprivate func leave(_ room: RoomName, _ index: Int, _ member: Member) {
        member.interests.leave(room, loop: index, now: now())
        let linger = TimeAmount.nanoseconds(member.roomLinger.inNanoseconds)
        loop.assumeIsolated().scheduleTask(in: linger + .milliseconds(1)) { [self] in
            for room in member.interests.takeForgotten(now: now()) {
                member.presence.forget(room)
                tell(member) { $0.roomClosed(room) }
            }
        }
    }

    /// Reads a piece of a room's log.
    fileprivate func read(_ call: HistoryCall, _ index: Int, _ member: Member, over number: Int) {
        guard let link = member.links.first(where: { $0.index == index }),
            link.connection == number
        else { return }
        let page = store.history(call)
        tell(link) { $0.historyRead(page, for: call) }
    }

    /// Opens a room at its end: what is published from now on is delivered after that.
    fileprivate func tellOpen(_ room: RoomName, _ member: Member) {
        guard member.interests.contains(room), let top = top(of: room) else { return }
        tell(member) { $0.roomOpened(room, at: top) }
    }

    /// Returns the position at which a room ends; a room that there is not begins.
    private func top(of room: RoomName) -> Position? {
        let call = CatchUpCall(epoch: epoch, room: room, position: nil, marks: [], limit: 0)
        guard case .page(let page) = store.catchUp(call, birth: ProducerID(using: &dice)) else {
            return nil
        }
        return page.top
    }

    private func tell(_ member: Member, _ body: @escaping @Sendable (any BrokerEvents) -> Void) {
        for link in member.links { tell(link, body) }
    }

    private func tell(_ link: Link, _ body: @escaping @Sendable (any BrokerEvents) -> Void) {
        link.tell(after: drawDelay()) { if let events = $0.events { body(events) } }
    }

    private func drawDelay() -> TimeAmount {
        .nanoseconds(.random(in: 0...faults.longestDelay.nanoseconds, using: &dice))
    }
}

extension DelayedServer {
    /// Tells the nodes that hear a room that a user writes there.
    fileprivate func typing(_ name: String, in room: RoomName) {
        for member in members where member.interests.contains(room) {
            tell(member) { $0.typing(name, in: room) }
        }
    }

    /// Hands what calls have changed in rooms to the nodes that hear them.
    private func tellPresence() {
        for change in store.takePresenceChanges() {
            for member in members where member.interests.contains(change.room) {
                updatePresence(member) { $0.receive(change, now: self.now(), into: &$1) }
            }
        }
    }

    /// Looks who is present in a room that is open from now on.
    private func comparePresence(of room: RoomName, _ member: Member) {
        let call = PresentCall(epoch: epoch, room: room)
        guard case .present(let number, _, _) = store.present(call) else { return }
        updatePresence(member) { [epoch] in
            $0.opened(room, now: self.now(), into: &$1)
            $0.compare(room, number: number, in: epoch.number, now: self.now(), into: &$1)
        }
    }

    /// Lets a node's feeds take an event, and carries out what they want. After each piece of news, and
    /// each reading, more may be due.
    private func updatePresence(
        _ member: Member,
        _ event: (inout PresenceFeeds, inout [PresenceFeeds.Effect]) -> Void
    ) {
        var effects: [PresenceFeeds.Effect] = []
        event(&member.presence, &effects)
        for effect in effects {
            switch effect {
            case .tell(let news):
                let frames = PresenceFrames(framing: news)
                tell(member) { $0.presenceChanged(frames) }
            case .read(let call):
                let answer = store.present(call)
                updatePresence(member) { $0.read(call, answer, now: self.now(), into: &$1) }
            }
            let pause = TimeAmount.nanoseconds(Limits.presencePause.inNanoseconds)
            loop.assumeIsolated().scheduleTask(in: pause + .milliseconds(1)) { [self] in
                updatePresence(member) { $0.tick(now: self.now(), into: &$1) }
            }
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), which repeats what its seed has drawn.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
