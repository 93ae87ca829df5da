import ChatCore
import Glibc
import NIOCore
import Synchronization
import TestSupport

/// One loop of a node under test: a real `BrokerClient`, and a check of every event. On: its loop.
final class CheckedLoop {
    private let loop: any EventLoop
    private let broker: any Broker
    /// What the test reads, from its own thread.
    let record: LoopRecord
    var client = BrokerClient()
    private var order = EventOrder()
    private let effects = EffectQueue<BrokerClient.Effect>()
    var random = SplitMix(seed: Seed.value)
    private var isTurnEndDue = false
    /// Each socket's messages that are not settled: only the first of them has been handed to the
    /// client, so that it is clear what a settlement belongs to.
    var unsettled: [SocketID: [(text: String, room: RoomName)]] = [:]
    /// For each call without an answer, whether the test has sent it without the client.
    private var isDirect = FIFO<Bool>()
    private var ticking: Scheduled<Void>?
    private var registration: Registration?

    init(loop: any EventLoop, broker: any Broker, record: LoopRecord, number: UInt64) {
        self.loop = loop
        self.broker = broker
        self.record = record
        random = SplitMix(seed: Seed.value &+ number)
    }

    /// The clock of a node: an event's instants are compared with it.
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    func start() {
        broker.attach(self)
        tick()
    }

    /// Tells the client that time passes, more often than a node does.
    private func tick() {
        ask { $0.tick(now: Self.now, into: &$1) }
        ticking = loop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { [weak self] in
            self?.tick()
        }
    }

    func stop() {
        ticking?.cancel()
        order.isStopped = true
    }

    // MARK: Without the client

    /// Sends a call that the client would not; its answer is noted. Returns false, and sends nothing, while
    /// the loop is not registered or not connected.
    func send(_ make: (Registration, inout SplitMix) -> BrokerCall) -> Bool {
        guard let registration, record.now.isConnected else { return false }
        send(make(registration, &random), isDirect: true)
        scheduleTurnEnd()
        return true
    }

    func read(_ call: HistoryCall) {
        order.reads(call)
        order.isSending = true
        broker.read(call)
        order.isSending = false
        scheduleTurnEnd()
    }

    func recheckRegistration() { broker.recheckRegistration() }
    func recheck(_ room: RoomName) { broker.recheck(room) }

    private func send(_ call: BrokerCall, isDirect: Bool) {
        order.sent(call)
        self.isDirect.append(isDirect)
        order.isSending = true
        broker.send(call)
        order.isSending = false
    }
}

// MARK: - Effects

extension CheckedLoop {
    func ask(_ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void) {
        effects.run({ event(&client, &$0) }, carryOut)
        // Also if nothing waits: calls may have been sent.
        scheduleTurnEnd()
    }

    /// Ends the turn as a node's loop does: in a task of its own, and so never inside an event.
    private func scheduleTurnEnd() {
        guard !isTurnEndDue else { return }
        isTurnEndDue = true
        loop.assumeIsolated().execute { [self] in
            isTurnEndDue = false
            effects.run({ client.endTurn(now: Self.now, into: &$0) }, carryOut)
            broker.endTurn()
        }
    }

    private func carryOut(_ effect: BrokerClient.Effect) {
        switch effect {
        case .call(let call): send(call, isDirect: false)
        case .tell(let socket, let answer): note(answer, of: socket)
        case .moderated: break
        case .recheckRegistration: broker.recheckRegistration()
        case .recheckRoom(let room): broker.recheck(room)
        case .enterRoom(let room):
            order.enters(room)
            broker.enter(room)
        case .leaveRoom(let room):
            order.leaves(room)
            broker.leave(room)
        }
    }

    /// Notes what a session would take.
    private func note(_ answer: BrokerClient.SessionAnswer, of socket: SocketID) {
        switch answer {
        case .claimed(let outcome): record.note { $0.claims[socket] = outcome }
        case .released: record.note { $0.claims[socket] = nil }
        case .settled(let settlement, let drafts):
            guard drafts.count == 1, let text = unsettled[socket]?.first?.text else {
                return record.note { $0.violations.append("a message was settled twice") }
            }
            unsettled[socket]?.removeFirst()
            record.note { $0.settled[text] = settlement }
            publishNext(of: socket)
        case .nameLost(_, let isReplaced):
            record.note {
                $0.claims[socket] = .taken()
                if isReplaced { $0.replaced.insert(socket) }
            }
        case .stalled, .entered, .notEntered, .notBegun: break
        }
    }
}

// MARK: - Events

extension CheckedLoop: BrokerEvents {
    /// Checks an event. Returns false if it must not be handed to the client.
    private func isInOrder(_ event: EventOrder.Event) -> Bool {
        guard loop.inEventLoop else {
            record.note { $0.violations.append("an event came on another thread") }
            return false
        }
        let isInOrder = order.take(event, now: Self.now)
        if !isInOrder { record.note { [order] in $0.violations += order.violations.suffix(1) } }
        return isInOrder
    }

    func leaseExpires(at instant: Instant) {
        guard isInOrder(.leaseExpires) else { return }
        client.leaseExpiry = instant
        record.note { $0.leaseExpiry = instant }
    }

    func registrationChanged(_ registration: Registration, seen: [ProducerID: UInt64]) {
        guard isInOrder(.registrationChanged) else { return }
        self.registration = registration
        record.note { $0.registrations += 1 }
        ask { $0.registrationChanged(registration, seen: seen, into: &$1) }
    }

    func connected() {
        guard isInOrder(.connected) else { return }
        record.note { $0.isConnected = true }
        ask { $0.linkUp(now: Self.now, into: &$1) }
    }

    func disconnected(_ reason: String) {
        guard isInOrder(.disconnected) else { return }
        _ = isDirect.takeAll()
        record.note {
            $0.isConnected = false
            $0.disconnects += 1
        }
        ask { $0.linkLost(reason, now: Self.now, into: &$1) }
    }

    func answered(_ answer: BrokerAnswer) {
        guard isInOrder(.answered(answer)) else { return }
        guard isDirect.popFirst() == false else { return record.note { $0.answers.append(answer) } }
        ask { $0.answered(answer, now: Self.now, into: &$1) }
    }

    func roomOpened(_ room: RoomName, at position: Position) {
        guard isInOrder(.roomOpened(room, at: position)) else { return }
        record.note {
            $0.opened += 1
            $0.openRooms[room] = position
        }
        ask { $0.opened(room, at: position, into: &$1) }
    }

    func deliver(_ batch: FramedBatch, to room: RoomName, arrivedAt: Instant) {
        guard isInOrder(.deliver(batch, to: room, arrivedAt: arrivedAt)) else { return }
        record.note { $0.heard[room, default: []] += batch.messages }
        if let position = batch.position { client.delivered(room, upTo: position) }
    }

    func roomClosed(_ room: RoomName) {
        guard isInOrder(.roomClosed(room)) else { return }
        record.note {
            $0.closings += 1
            $0.openRooms[room] = nil
        }
        ask { client, _ in client.closed(room) }
    }

    func roomsShut() {}

    func roomRefused(_ room: RoomName) {
        guard isInOrder(.roomRefused(room)) else { return }
        record.note { $0.refusals += 1 }
        ask { $0.refused(room, into: &$1) }
    }

    func replaced(_ login: LoginID) {
        guard isInOrder(.replaced) else { return }
        ask { client, _ in client.replaced(login) }
    }

    func mayHaveMissedReplacements() {
        guard isInOrder(.replaced) else { return }
        ask { client, _ in client.mayHaveMissedReplacements() }
    }

    func reset(_ room: RoomName, to position: Position) {
        _ = isInOrder(.reset(room, to: position))
    }

    func missed(_ numbers: ClosedRange<UInt64>?, in room: RoomName) {
        _ = isInOrder(.missed(room))
    }

    func typing(_ name: String, in room: RoomName) {}

    func presenceChanged(_ news: PresenceFrames) {
        guard isInOrder(.presenceChanged(news.room)) else { return }
        record.note {
            $0.presence[news.room, default: []].append(
                String(decoding: news.whole.drop { $0 != UInt8(ascii: "{") }, as: UTF8.self)
            )
        }
    }

    func historyRead(_ page: HistoryPage?, for call: HistoryCall) {
        guard isInOrder(.historyRead(page, call)) else { return }
        record.note { $0.pages.append(page) }
    }

    func mayHold(_ keys: [String]) -> [Bool] { client.mayHold(keys) }

    var keyHashes: Set<Int> { client.keyHashes }
}

/// What one loop was told, for the test to read. On: any thread.
final class LoopRecord: Sendable {
    struct State {
        var violations: [String] = []
        var claims: [SocketID: ClaimOutcome] = [:]
        /// The sockets that were told that a newer login of their user has their name.
        var replaced: Set<SocketID> = []
        var settled: [String: Settlement] = [:]
        var answers: [BrokerAnswer] = []
        /// The answers to reads.
        var pages: [HistoryPage?] = []
        /// What was delivered, by room.
        var heard: [RoomName: [DeliveredMessage]] = [:]
        /// What was told of who is present, by room: the frames' texts.
        var presence: [RoomName: [String]] = [:]
        /// The rooms that are open, and where they were opened.
        var openRooms: [RoomName: Position] = [:]
        var closings = 0
        var refusals = 0
        var leaseExpiry = Instant.distantPast
        var isConnected = false
        var disconnects = 0
        var registrations = 0
        var opened = 0

        /// What was delivered in the lobby.
        var delivered: [DeliveredMessage] { heard[.lobby] ?? [] }
    }

    private let state = Mutex(State())
    var now: State { state.withLock { $0 } }

    func note(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
}
