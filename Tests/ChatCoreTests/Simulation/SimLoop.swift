import ChatCore

/// One loop of a simulated node: its sessions and their way to the broker.
final class SimLoop: ClientLoop {
    unowned let node: SimNode
    let link: SimLink
    let index: Int
    /// Names linger for less than a run's end lasts.
    var client = BrokerClient(linger: .seconds(3))
    let effects = EffectQueue<BrokerClient.Effect>()
    private(set) var sessions: [SocketID: SimSocket] = [:]
    private var slots: Int32 = 0
    var rooms: [RoomName: SimRoom] = [:]
    /// The messages that were taken back while the loop has kept the room.
    var removed: [RoomName: Set<MessageID>] = [:]
    var requests = LogRequests()
    let requestEffects = EffectQueue<LogRequests.Effect>()
    /// The rooms that have a member here.
    var joined: Set<RoomName> { Set(rooms.values.filter(\.isJoined).map(\.history.name)) }
    /// The rooms that are open, as this loop was told.
    private(set) var open: Set<RoomName> = []
    /// Those that were opened since all rooms were shut.
    private(set) var live: Set<RoomName> = []
    /// The rooms that the node has heard of as entered by this loop, and not as left.
    private var entered: Set<RoomName> = []
    /// When the last thing arrives that this loop has told its node.
    private var toNode = Instant.distantPast

    init(node: SimNode, index: Int) {
        self.node = node
        self.index = index
        link = SimLink(node: node)
        link.onUp = { [unowned self] in openEpoch() }
        link.onDown = { [unowned self] in
            disconnected("cut")
            node.broker(of: self.index, isThere: false)
        }
    }

    func open(_ socket: SimSocket) -> SocketID {
        slots += 1
        let id = SocketID(slot: slots, generation: 0)
        sessions[id] = socket
        return id
    }

    func forget(_ id: SocketID) { sessions[id] = nil }

    /// Lets a member that hears nothing join a room, or leave it.
    func toggleMembers(in name: RoomName) {
        let room = rooms[name] ?? SimRoom(name)
        rooms[name] = room
        room.isHeld.toggle()
        updateInterest(in: name)
        forgetIfUnused(name)
    }

    func tick() {
        ask { $0.tick(now: now, into: &$1) }
        updateRequests { $0.tick(now: self.now, in: self, into: &$1) }
    }

    /// Tells the node something, which takes a moment and keeps its order.
    private func tellNode(_ body: @escaping (SimNode) -> Void) {
        toNode = max(toNode, node.world.now + node.world.duration(0...2_000))
        node.world.at(toNode) { [weak node] in
            guard let node else { return }
            node.runs { body(node) }
        }
    }

    func told(_ holds: Bool, _ violation: String) {
        if !holds { node.world.complain("n\(node.number)/\(index): \(violation)") }
    }

    private func openEpoch() {
        link.send { [unowned self] redis in
            let answer = redis.openEpoch(node.marks.openEpochCall())
            return { [unowned self] in
                if case .epoch(let epoch, _) = answer { node.met(epoch) }
                connected()
                node.broker(of: self.index, isThere: true)
            }
        }
    }

    var now: Instant { node.world.now }

    func carryOut(_ effect: BrokerClient.Effect) {
        node.world.note("n\(node.number)/\(index) \(effect)")
        switch effect {
        case .call(let call): send(call)
        case .tell(let id, let answer):
            told(sessions[id] != nil, "a session that is over was told \(answer)")
            if case .settled(let settlement, let drafts) = answer {
                node.redis.unanswered.settled(settlement, count: drafts.count)
                for _ in 0..<drafts.count { sessions[id]?.settled(settlement) }
            }
            sessions[id]?.run { $0.take(answer, into: &$1) }
        case .moderated: break
        case .recheckRegistration: node.recheckRegistration(epoch: 0)
        case .recheckRoom(let room): node.recheck(room)
        case .enterRoom(let room):
            tellNode { [self] node in
                entered.insert(room)
                node.enter(room, loop: index)
            }
        case .leaveRoom(let room):
            tellNode { [self] node in
                entered.remove(room)
                node.leave(room, loop: index)
            }
        }
    }

    private func send(_ call: BrokerCall) {
        let sentOver = link.link
        link.send { [unowned self] redis in
            let answer = redis.answer(call)
            if redis.granted.takeCut(), let sentOver { redis.cut(sentOver) }
            return { [unowned self] in
                if case .claims(let call) = call { redis.granted.arrived(call) }
                redis.unanswered.delivered(call)
                if case .claims(let answer) = answer, let fence = answer.highestFence {
                    node.granted(fence: fence)
                }
                answered(answer)
            }
        }
    }
}

extension SimLoop: BrokerEvents {
    func leaseExpires(at instant: Instant) { client.leaseExpiry = instant }

    func registrationChanged(_ registration: Registration, seen: [ProducerID: UInt64]) {
        ask { $0.registrationChanged(registration, seen: seen, into: &$1) }
    }

    func connected() {
        ask { $0.linkUp(now: node.world.now, into: &$1) }
        updateRequests { $0.connected(now: self.now, in: self, into: &$1) }
    }

    func disconnected(_ reason: String) {
        ask { $0.linkLost(reason, now: node.world.now, into: &$1) }
    }

    func answered(_ answer: BrokerAnswer) {
        ask { $0.answered(answer, now: node.world.now, into: &$1) }
    }

    func roomOpened(_ room: RoomName, at position: Position) {
        open.insert(room)
        live.insert(room)
        open(room, at: position, isCaughtUp: true)
    }

    func roomsShut() { live = [] }

    /// Takes that a room is open that the node heard before this loop entered it.
    func roomIsOpen(_ room: RoomName, at position: Position) {
        open.insert(room)
        live.insert(room)
        open(room, at: position, isCaughtUp: false)
    }

    func deliver(_ batch: FramedBatch, to room: RoomName, arrivedAt: Instant) {
        told(open.contains(room), "a message of a closed room was delivered")
        if let position = batch.position { client.delivered(room, upTo: position) }
        noteRemoved(in: batch, of: room)
        change(room) { self.append(batch, to: &$0) }
    }

    func roomClosed(_ room: RoomName) {
        told(open.remove(room) != nil, "\(room.text) was closed and was not open")
        live.remove(room)
        told(!entered.contains(room), "\(room.text) was closed and is entered")
        ask { client, _ in client.closed(room) }
        forgetIfUnused(room)
    }

    func roomRefused(_ room: RoomName) { told(false, "\(room.text) was refused") }

    func replaced(_ login: LoginID) { ask { client, _ in client.replaced(login) } }

    func mayHaveMissedReplacements() { ask { client, _ in client.mayHaveMissedReplacements() } }

    func reset(_ room: RoomName, to position: Position) {
        told(open.contains(room), "reset of a closed room")
        change(room) { $0.reset(to: position) }
    }

    func missed(_ numbers: ClosedRange<UInt64>?, in room: RoomName) {
        told(open.contains(room), "missed in a closed room")
        change(room) { $0.miss(numbers) }
    }

    func typing(_ name: String, in room: RoomName) {}

    func presenceChanged(_ news: PresenceFrames) {
        told(open.contains(news.room), "who is present in a closed room was told")
        rooms[news.room]?.presence.take(news)
        rooms[news.room].map(tellPresence)
    }

    func historyRead(_ page: HistoryPage?, for call: HistoryCall) {
        take(page, for: call)
    }

    func mayHold(_ keys: [String]) -> [Bool] { client.mayHold(keys) }

    var keyHashes: Set<Int> { client.keyHashes }
}
