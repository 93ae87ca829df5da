@testable import ChatCore
import Testing

/// A node of the simulated cluster: it carries out what its `ClusterMember` and the `BrokerClient` of
/// each loop want, over connections to the simulated Redis.
final class SimNode {
    let world: World
    let redis: SimRedis
    let number: Int
    private(set) var isAlive = true
    private(set) var isPaused = false
    private var postponed: [() -> Void] = []

    private(set) var member: ClusterMember
    private let effects = EffectQueue<ClusterMember.Effect>()
    private(set) var marks = HighWaterMarks()
    private(set) var leaseExpiry = Instant.distantPast
    private(set) var loops: [SimLoop] = []
    private var changes: [RoomName: Int] = [:]
    private lazy var membership = SimLink(node: self)
    private lazy var subscription = SimLink(node: self)

    /// What this node's clients have been told, by room.
    private(set) var heard: [RoomName: HeardRoom] = [:]
    /// What those of them have that know positions, by room.
    var views: [RoomName: PositionedView] = [:]
    /// Who they were told is present, by room.
    var presence: [RoomName: PresenceView] = [:]

    init(world: World, redis: SimRedis, number: Int, isNewCluster: Bool) {
        self.world = world
        self.redis = redis
        self.number = number
        member = ClusterMember(
            label: "n\(number)",
            isNewCluster: isNewCluster,
            incarnation: Incarnation(using: &world.random),
            loops: 2,
            roomLinger: [.milliseconds(20), .milliseconds(300), .seconds(2)]
                .randomElement(using: &world.random) ?? .seconds(2),
            now: world.now
        )
        loops = (0..<2).map { SimLoop(node: self, index: $0) }
        membership.onUp = { [unowned self] in update { $0.linkUp(now: $1, into: &$2) } }
        membership.onDown = { [unowned self] in update { $0.linkLost(now: $1, into: &$2) } }
        subscription.onUp = { [unowned self] in
            update { $0.subscriptionUp(now: $1, into: &$2) }
        }
        subscription.onDown = { [unowned self] in
            update { $0.subscriptionLost(now: $1, into: &$2) }
        }
        membership.connect()
        tick()
    }

    /// Whether the node does not get what is published; one that is stopped may not know that yet.
    var isCutOff: Bool {
        !member.rooms.isLive || !(subscription.link?.isOpenThere ?? false)
    }

    // MARK: Life

    /// Does something on this node: later if it is paused; never if it is dead.
    func runs(_ body: @escaping () -> Void) {
        guard isAlive else { return }
        if isPaused { postponed.append(body) } else { body() }
    }

    func pause() { isPaused = true }

    func resume() {
        isPaused = false
        let waiting = postponed
        postponed = []
        for body in waiting { runs(body) }
    }

    func crash() {
        isAlive = false
        membership.close()
        subscription.close()
        for loop in loops { loop.link.close() }
    }

    private func tick() {
        world.after(.milliseconds(50)) { [weak self] in
            guard let self, isAlive else { return }
            runs { self.turn() }
            tick()
        }
    }

    private func turn() {
        if member.due <= world.now {
            update { $0.tick(now: $1, using: &self.world.random, into: &$2) }
        }
        for loop in loops { loop.tick() }
    }

    /// Begins to look for names that are left behind.
    func audit() { update { $0.beginAudit($1, &$2) } }

    // MARK: What loops need

    func recheckRegistration(epoch: UInt64) {
        marks.note(Epoch(number: epoch, dataSet: ""))
        update { $0.recheckRegistration(epoch: epoch, now: $1, into: &$2) }
    }

    func recheck(_ room: RoomName) { update { $0.recheck(room, now: $1, into: &$2) } }

    func enter(_ room: RoomName, loop: Int) {
        update { $0.enter(room, loop: loop, now: $1, into: &$2) }
    }

    func leave(_ room: RoomName, loop: Int) {
        update { member, now, _ in member.leave(room, loop: loop, now: now) }
    }

    func broker(of index: Int, isThere: Bool) {
        update { $0.broker(of: index, isThere: isThere, now: $1, into: &$2) }
    }

    func met(_ epoch: Epoch) {
        guard epoch.number > marks.epoch.number else { return }
        marks.note(epoch)
        recheckRegistration(epoch: epoch.number)
    }

    func granted(fence: UInt64) { marks.note(fence: fence) }

    // MARK: The member

    private func update(
        _ event: (inout ClusterMember, Instant, inout [ClusterMember.Effect]) -> Void
    ) {
        member.granted(fence: marks.fence)
        effects.run({ event(&member, world.now, &$0) }, carryOut)
    }

    private func carryOut(_ effect: ClusterMember.Effect) {
        note(effect)
        switch effect {
        case .call(let call): send(call)
        case .startSubscription: subscription.connect()
        case .restartSubscription: subscription.fail()
        case .subscribeAll(let incarnation, let rooms): subscribe(incarnation, to: rooms)
        case .subscribe(let room): subscribe(to: room)
        case .unsubscribe(let room): unsubscribe(from: room)
        case .startBrokers: for loop in loops { loop.link.connect() }
        case .leaseExpires(let instant):
            leaseExpiry = instant
            for loop in loops { loop.leaseExpires(at: instant) }
        case .registrationChanged(let registration, let seen):
            marks.note(registration.epoch)
            for loop in loops { loop.registrationChanged(registration, seen: seen) }
        case .roomOpened(let room, let position):
            heard[room, default: HeardRoom()].opened(redis.count(in: room))
            views[room, default: PositionedView()].opened(at: position)
            for loop in loops { loop.roomOpened(room, at: position) }
        case .deliver(let room, let publication):
            heard[room]?.take(publication)
            deliver(publication, to: room)
        case .redeliver(let room, let publication):
            deliver(publication, isRepeated: true, to: room)
        case .reset(let room, let position):
            views[room]?.reset(to: position)
            for loop in loops { loop.reset(room, to: position) }
        case .roomIsOpen(let room, let position, let index):
            loops[index].roomIsOpen(room, at: position)
        case .roomRefused(let room, let index): loops[index].roomRefused(room)
        case .roomClosed(let room):
            let lacking = heard[room]?.closed(redis.orders[room] ?? [])
            // As in `expectOrder`.
            if let lacking, !world.losesData {
                world.complain("node \(number) never heard \(lacking) of \(room.text)")
            }
            views[room]?.closed()
            presence[room] = nil
            for loop in loops { loop.roomClosed(room) }
        case .missed(let room, let numbers):
            heard[room]?.missed(redis.count(in: room))
            views[room]?.missed()
            for loop in loops { loop.missed(numbers, in: room) }
        case .presenceChanged(let news): presenceChanged(news)
        case .replaced(let login): for loop in loops { loop.replaced(login) }
        case .mayHaveMissedReplacements: for loop in loops { loop.mayHaveMissedReplacements() }
        case .collectNameHashes(let audit):
            let hashes = loops.reduce(into: Set<Int>()) { $0.formUnion($1.keyHashes) }
            update { $0.collected(hashes, audit: audit, now: $1, into: &$2) }
        case .checkNames(let keys, let audit):
            let held = keys.map { key in loops.contains { $0.mayHold([key])[0] } }
            update { $0.checked(held, audit: audit, now: $1, into: &$2) }
        case .otherVersion: Issue.record("there is no other version")
        case .deliverExternal, .ignored, .freeing, .sameLabel, .availabilityChanged,
            .ready:
            break
        }
    }

    /// Notes an effect, without what is in another order in each process.
    private func note(_ effect: ClusterMember.Effect) {
        switch effect {
        case .registrationChanged(let registration, let seen):
            let seen = seen.map { "\($0.key).\($0.value)" }.sorted()
            world.note("n\(number) registrationChanged \(registration) \(seen)")
        default: world.note("n\(number) \(effect)")
        }
    }

    private func deliver(_ publication: Publication, isRepeated: Bool = false, to room: RoomName) {
        views[room]?.take(publication)
        publication.forEachBatch(isRepeated: isRepeated) { batch in
            for loop in loops { loop.deliver(batch, to: room, arrivedAt: world.now) }
        }
    }

    /// Subscribes a new connection.
    private func subscribe(_ incarnation: Incarnation, to rooms: [RoomName]) {
        guard let link = subscription.link else { return }
        link.onPush = { [unowned self] publication in
            let position = member.rooms.position(in: publication.room)
            world.noteHeard(publication, at: position)
            let heard =
                world.mutant == .anythingFollows ? publication.following(position) : publication
            update {
                $0.heard(now: $1)
                $0.receive(heard, in: heard.room, now: $1, into: &$2)
            }
        }
        link.onProbe = { [unowned self] ticket in
            update {
                $0.heard(now: $1)
                if let ticket { $0.probed(ticket: ticket, now: $1, into: &$2) }
            }
        }
        link.onPresence = { [unowned self] change in
            update {
                $0.heard(now: $1)
                $0.receive(change, now: $1, into: &$2)
            }
        }
        link.onReplaced = { [unowned self] login in
            update {
                $0.heard(now: $1)
                $0.replaced(login, into: &$2)
            }
        }
        subscription.send { _ in
            link.own = incarnation
            return {}
        }
        for room in rooms { subscribe(to: room) }
    }

    private func subscribe(to room: RoomName) {
        guard let link = subscription.link else { return }
        let number = change(room)
        subscription.send { [self] _ in
            link.rooms.insert(room)
            return { [self] in
                update {
                    $0.heard(now: $1)
                    if self.changes[room] == number { $0.subscribed(to: room, now: $1, into: &$2) }
                }
            }
        }
    }

    private func unsubscribe(from room: RoomName) {
        guard let link = subscription.link else { return }
        _ = change(room)
        subscription.send { _ in
            link.rooms.remove(room)
            return {}
        }
    }

    /// Counts a change of a room's subscription: only the newest one's confirmation counts.
    private func change(_ room: RoomName) -> Int {
        changes[room, default: 0] += 1
        return changes[room, default: 0]
    }

    private func send(_ call: ClusterMember.Call) {
        membership.send { [self] redis in
            let answer = redis.answer(call, of: self)
            return { [self] in
                update { $0.answered(answer, now: $1, using: &self.world.random, into: &$2) }
            }
        }
    }
}
