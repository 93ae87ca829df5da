import ChatCore
import ChatSupport
import NIOCore

/// The names and rooms of a node that is alone. On: the home loop.
final class MemoryStore {
    private let home: any EventLoop
    var store: Store
    let registration: Registration
    /// The rooms that are open.
    var interests: RoomInterests
    /// Who is present in them.
    var presence = PresenceFeeds()
    /// The loops to deliver to.
    private var loops: [NIOLoopBound<any BrokerEvents>] = []
    /// One timer, for the room that is to be forgotten next or the next search for old rooms.
    private var timer: Scheduled<Void>?
    private var timerDue = Instant.distantFuture
    private var sweptAt = Clock.now

    /// Makes an empty store and registers the process in its first epoch, which has no grace.
    init(
        home: any EventLoop,
        retention: Store.Retention,
        roomLinger: Duration,
        maxRooms: Int
    ) {
        self.home = home
        interests = RoomInterests(linger: roomLinger, maxRooms: maxRooms)
        var random = SystemRandomNumberGenerator()
        let incarnation = Incarnation(using: &random)
        let dataSet = Incarnation(using: &random).description
        let unixSecond = UInt64(clamping: Clock.unixMilliseconds / 1000)
        store = Store(dataSet: dataSet, unixSecond: unixSecond, retention: retention)
        let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
        guard case .epoch(let epoch, _) = store.openEpoch(call) else {
            preconditionFailure("an empty store opens its first epoch")
        }
        _ = store.register(RegisterCall(epoch: epoch, incarnation: incarnation, label: ""))
        registration = Registration(epoch: epoch, incarnation: incarnation, isGrace: false)
    }

    func add(_ loop: NIOLoopBound<any BrokerEvents>) {
        loops.append(loop)
    }

    /// Begins to serve the loops.
    func start() {
        guard let lobbyStart = top(of: .lobby) else {
            preconditionFailure("a room of an empty store begins")
        }
        tell { [registration] events in
            events.leaseExpires(at: .distantFuture)
            events.registrationChanged(registration, seen: [:])
            events.roomOpened(.lobby, at: lobbyStart)
            events.connected()
        }
        updatePresence { [registration] in
            $0.registrationChanged(registration, now: Clock.now, into: &$1)
        }
        comparePresence(of: .lobby)
        schedule()
    }

    /// Announces the registration again; nothing but this process can have changed it.
    func tellRegistration() {
        tell { [registration] in $0.registrationChanged(registration, seen: [:]) }
    }

    /// Announces an open room again at its end, after the messages that were delivered before.
    func tellOpen(_ room: RoomName) {
        guard interests.contains(room), let top = top(of: room) else { return }
        tell { $0.roomOpened(room, at: top) }
    }

    /// Tells every loop, or one: the home loop at once, as in `handle`, so that the order is the same.
    func tell(
        on only: (any EventLoop)? = nil,
        _ body: @escaping @Sendable (any BrokerEvents) -> Void
    ) {
        for loop in loops where only == nil || loop.eventLoop === only {
            if loop.eventLoop === home {
                body(loop.value)
            } else {
                loop.eventLoop.execute { body(loop.value) }
            }
        }
    }

    /// Returns the position at which a room ends; a room that there is not begins.
    private func top(of room: RoomName) -> Position? {
        var random = SystemRandomNumberGenerator()
        let call = CatchUpCall(
            epoch: registration.epoch,
            room: room,
            position: nil,
            marks: [],
            limit: 0
        )
        guard case .page(let page) = store.catchUp(call, birth: ProducerID(using: &random)) else {
            return nil
        }
        return page.top
    }

    func stop() {
        timer?.cancel()
        loops = []
    }

    /// Answers what one loop asked in one turn, then delivers the messages in it to all loops: at once
    /// to the one that this is called on.
    func handle(_ calls: [BrokerCall], from origin: any EventLoop) {
        var answers: [BrokerAnswer] = []
        var batches: [(RoomName, FramedBatch)] = []
        answers.reserveCapacity(calls.count)
        let ms = Clock.unixMilliseconds
        let hadFreeNames = store.hasFreeNames
        for call in calls {
            let (answer, publication) = store.answer(call, ms: ms)
            answers.append(answer)
            // One of a room that was closed meanwhile is kept, and not delivered.
            if let publication, interests.contains(publication.room) {
                // Not by way of a closure: nearly every message comes by here.
                if publication.isOfOneKind {
                    batches.append((publication.room, FramedBatch(framing: publication)))
                } else {
                    publication.forEachBatch { batches.append((publication.room, $0)) }
                }
            }
        }
        if store.hasFreeNames != hadFreeNames { schedule() }
        if store.hasNews {
            for replacement in store.takeReplaced() { tell { $0.replaced(replacement.login) } }
            takePresenceChanges()
        }
        let now = Clock.now
        for loop in loops {
            let isOrigin = loop.eventLoop === origin
            guard isOrigin || !batches.isEmpty else { continue }
            let own = isOrigin ? answers : []
            if loop.eventLoop === home {
                Self.tell(loop.value, own, batches, arrivedAt: now)
            } else {
                loop.eventLoop.execute { [batches] in
                    Self.tell(loop.value, own, batches, arrivedAt: now)
                }
            }
        }
    }

    private static func tell(
        _ loop: any BrokerEvents,
        _ answers: [BrokerAnswer],
        _ batches: [(RoomName, FramedBatch)],
        arrivedAt now: Instant
    ) {
        for answer in answers { loop.answered(answer) }
        for (room, batch) in batches { loop.deliver(batch, to: room, arrivedAt: now) }
    }
}

// MARK: - Rooms

extension MemoryStore {
    /// Begins a loop's interest in a room, which begins now if the store knows nothing of it.
    func enter(_ room: RoomName, loop index: Int, _ loop: any EventLoop) {
        switch interests.enter(room, loop: index) {
        case .refused: tell(on: loop) { $0.roomRefused(room) }
        case .first:
            tellOpen(room)
            comparePresence(of: room)
        case .again:
            guard let top = top(of: room) else { return }
            tell(on: loop) { $0.roomOpened(room, at: top) }
        }
    }

    /// Ends a loop's interest in a room.
    func leave(_ room: RoomName, loop: Int) {
        interests.leave(room, loop: loop, now: Clock.now)
        schedule()
    }

    /// Tells the loops that a user writes in a room, if the room is open.
    func typing(_ name: String, in room: RoomName) {
        guard interests.contains(room) else { return }
        tell { $0.typing(name, in: room) }
    }

    /// Reads a piece of a room's log for a loop.
    func read(_ call: HistoryCall, for loop: any EventLoop) {
        let page = store.history(call)
        tell(on: loop) { $0.historyRead(page, for: call) }
    }

    /// Sets the timer for what is due next: rooms that are left are forgotten, and those that are
    /// forgotten are removed when they are too old, as are the records of free names.
    func schedule() {
        // Without such a room or name there is no timer, which every other one of the loop would cost more
        // for.
        let hasOld = store.roomCount > interests.count || store.hasFreeNames
        let sweep = hasOld ? sweptAt + Limits.roomSweepInterval : .distantFuture
        let due = min(interests.due, sweep, presence.due)
        guard due < timerDue else { return }
        timer?.cancel()
        timerDue = due
        let wait = max(.zero, due - Clock.now)
        timer = home.assumeIsolated().scheduleTask(in: .nanoseconds(wait.inNanoseconds)) {
            [weak self] in
            guard let self else { return }
            timerDue = .distantFuture
            doWhatIsDue()
            schedule()
        }
    }

    /// Forgets the rooms that have lingered for long enough, tells who is present, and removes from time to
    /// time what is too old to be kept.
    private func doWhatIsDue() {
        let now = Clock.now
        for room in interests.takeForgotten(now: now) {
            presence.forget(room)
            tell { $0.roomClosed(room) }
        }
        updatePresence { $0.tick(now: now, into: &$1) }
        guard now >= sweptAt + Limits.roomSweepInterval else { return }
        sweptAt = now
        store.removeOldRooms(ms: Clock.unixMilliseconds) { interests.contains($0) }
        store.removeOldNames(ms: Clock.unixMilliseconds)
    }
}
