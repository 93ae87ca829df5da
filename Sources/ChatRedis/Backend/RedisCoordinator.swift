import ChatCore
import ChatSupport
import Glibc
import Logging
import NIOCore

/// Carries out what the node's `ClusterMember` wants: over the membership connection, over the
/// subscription, and on every loop.
///
/// On: the home loop, everything.
final class RedisCoordinator {
    let loop: any EventLoop
    let settings: RedisSettings
    let node: any NodeEvents
    let highWaterMarks: SharedHighWaterMarks
    let brokers: [NIOLoopBound<RedisBroker>]
    let membership: RedisLink
    let subscription: RedisLink
    let metrics: SubscriptionMetrics
    var report: RedisReport

    private var member: ClusterMember
    private let effects = EffectQueue<ClusterMember.Effect>()
    var random = SystemRandomNumberGenerator()
    /// What the effects of one event have for every loop.
    var events: LoopEvents
    var subscriber: RedisSubscriber
    var malformed = MalformedCount()
    private var ticking: Ticker?
    private var timer: Scheduled<Void>?
    /// When the timer is due.
    private var timerDue = Instant.distantFuture
    /// Whether a change of who is present has come over the subscription.
    private var hasPresenceChanged = false

    init(
        loop: any EventLoop,
        settings: RedisSettings,
        node: any NodeEvents,
        highWaterMarks: SharedHighWaterMarks,
        brokers: [NIOLoopBound<RedisBroker>]
    ) {
        self.loop = loop
        self.settings = settings
        self.node = node
        self.highWaterMarks = highWaterMarks
        self.brokers = brokers
        membership = RedisLink(loop: loop, settings: settings, purpose: .control)
        subscription = RedisLink(loop: loop, settings: settings, purpose: .feed)
        metrics = SubscriptionMetrics(settings.metrics)
        report = RedisReport(settings: settings, node: node)
        events = LoopEvents(home: loop, brokers: brokers)
        subscriber = RedisSubscriber(keys: settings.keys)
        member = ClusterMember(
            label: settings.label,
            isNewCluster: settings.isNewCluster,
            incarnation: Incarnation(using: &random),
            loops: brokers.count,
            roomLinger: settings.roomLinger,
            maxRooms: settings.maxRooms,
            now: Clock.now
        )
        metrics.hears(member.roomCount)
        node.backendIsMissing(since: member.availability.since)
    }

    func start() {
        membership.start(delegate: self)
        ticking = Ticker(on: loop, every: Limits.wheelTick) { [weak self] in
            self?.reportMalformed()
        }
    }

    func stop() {
        timer?.cancel()
        ticking?.cancel()
        subscription.stop()
        membership.stop()
    }

    private func reportMalformed() {
        guard let reason = malformed.takeReport(now: Clock.now) else { return }
        settings.log.warning("ignored what is no message", metadata: reason)
    }
}

// MARK: - Events

extension RedisCoordinator {
    /// Lets the member take an event, and carries out what it wants done.
    func update(
        _ event: (inout ClusterMember, Instant, inout [ClusterMember.Effect]) -> Void
    ) {
        member.granted(fence: highWaterMarks.fence)
        receive(event)
        metrics.hears(member.roomCount)
        schedule()
    }

    /// Does the same for an event of the subscription: only a change of who is present makes anything due.
    private func receive(
        _ event: (inout ClusterMember, Instant, inout [ClusterMember.Effect]) -> Void
    ) {
        let now = Clock.now
        guard effects.run({ event(&member, now, &$0) }, carryOut) else { return }
        membership.connection?.flush()
        subscription.connection?.flush()
        events.flush()
    }

    /// One timer, for what is due next. It may go off too early: then it is set anew.
    private func schedule() {
        let due = member.due
        guard due < timerDue else { return }
        timer?.cancel()
        timerDue = due
        let wait = max(.zero, due - Clock.now)
        timer = loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.inNanoseconds)) {
            [weak self] in
            guard let self else { return }
            timerDue = .distantFuture
            update { [self] in $0.tick(now: $1, using: &random, into: &$2) }
        }
    }

    /// A loop has met another epoch, of this number at least.
    func recheckRegistration(epoch: UInt64) {
        highWaterMarks.note(Epoch(number: epoch, dataSet: ""))
        update { $0.recheckRegistration(epoch: epoch, now: $1, into: &$2) }
    }

    /// A loop was told that a room ends elsewhere than this node believes.
    func recheck(_ room: RoomName) {
        update { $0.recheck(room, now: $1, into: &$2) }
    }

    /// A loop wants to hear a room.
    func enter(_ room: RoomName, loop: Int) {
        update { $0.enter(room, loop: loop, now: $1, into: &$2) }
    }

    /// A loop does not want to hear a room any more.
    func leave(_ room: RoomName, loop: Int) {
        update { member, now, _ in member.leave(room, loop: loop, now: now) }
    }

    /// A loop's own connection is there, or is not.
    func broker(of index: Int, isThere: Bool, _ fault: RedisFault?) {
        update { $0.broker(of: index, isThere: isThere, now: $1, into: &$2) }
        if let fault { note(fault, of: .loop(index)) }
    }

    /// Redis turns away what sessions ask for; nil: it takes it again.
    func note(refusal: RedisFault?) {
        if let refusal { return report.tell(refusal) }
        if member.availability.since == nil { report.tellWell() }
    }

    func noteDamagedRecord(of key: String) { report.damaged(key, now: Clock.now) }

    func note(_ fault: RedisFault, of part: Availability.Part) {
        // What one connection has met holds for all: the others need not find out one by one.
        if fault == .readOnly, member.registration != nil { membership.fail(.readOnly) }
        guard fault.isCut else { return report.tell(fault) }
        report.debug(fault, of: part)
        // A cut that is mended at once is not told. One that lasts is told with what a try has met,
        // or, if none has met anything, by itself.
        let patience = TimeAmount.nanoseconds(Limits.relinkPatience.inNanoseconds)
        loop.assumeIsolated().scheduleTask(in: patience) { [weak self] in
            guard let self, member.availability.isLasting(part, now: Clock.now) else { return }
            report.tell(fault)
        }
    }
}

extension RedisCoordinator: RedisLinkDelegate {
    func isUp(_ link: RedisLink, _ connection: RedisConnection) {
        if link === membership {
            report.version = connection.version
            update { $0.linkUp(now: $1, into: &$2) }
        } else {
            update { $0.subscriptionUp(now: $1, into: &$2) }
        }
    }

    func isDown(_ link: RedisLink, _ fault: RedisFault) {
        if link === membership {
            update { $0.linkLost(now: $1, into: &$2) }
            note(fault, of: .registration)
        } else {
            update { $0.subscriptionLost(now: $1, into: &$2) }
            note(fault, of: .subscription)
        }
    }

    func pushed(_ link: RedisLink, _ values: [RespValue]) {
        let complaint = values.lazy.compactMap(\.complaint).first
        if let complaint { return subscription.fail(RedisFault(error: complaint)) }
        receive { [self] member, now, effects in
            member.heard(now: now)
            for push in values { hear(push, now, &member, &effects) }
        }
        if hasPresenceChanged {
            hasPresenceChanged = false
            schedule()
        }
    }

    private func hear(
        _ push: RespValue,
        _ now: Instant,
        _ member: inout ClusterMember,
        _ effects: inout [ClusterMember.Effect]
    ) {
        switch subscriber.read(push) {
        case .publication(let publication, let room):
            member.receive(publication, in: room, now: now, into: &effects)
        case .external(let body, let room):
            member.receive(external: body, in: room, now: now, into: &effects)
        case .presence(let change):
            hasPresenceChanged = true
            member.receive(change, now: now, into: &effects)
        case .typing(let name, let room): events.typing(name, in: room)
        case .probe(let ticket): member.probed(ticket: ticket, now: now, into: &effects)
        case .replaced(let login): member.replaced(login, into: &effects)
        case .confirmed(let room): member.subscribed(to: room, now: now, into: &effects)
        case .malformed(let reason): malformed.count(reason)
        case .nothing: break
        }
    }
}
