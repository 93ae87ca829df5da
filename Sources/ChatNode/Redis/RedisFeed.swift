import ChatCore
import Logging
import NIOCore

/// What is published, on its way to this node's clients: one subscription for all loops, so that all
/// of them hear the same order.
///
/// On: the home loop, everything.
final class RedisFeed {
    /// Whether everything that is published reaches this node's clients.
    var onChange: ((_ isThere: Bool, RedisFault?) -> Void)?

    private let loop: any EventLoop
    private let settings: RedisSettings
    private let control: RedisControl
    private let shards: [NIOLoopBound<Shard>]
    private let link: RedisLink
    private let metrics: FeedMetrics
    private let lobby: [UInt8]
    /// The node's own channel.
    private var own: [UInt8] = []
    private var random = SystemRandomNumberGenerator()
    private var timeline = Timeline(room: .lobby)
    /// What was told last.
    private var wasLive = false
    /// Nil while there is no subscription.
    private var pulse: Pulse?
    private var unconfirmed = 0
    private var reign: Reign?
    /// As whom it listens on the node's own channel.
    private var incarnation: Incarnation?
    private var ticking: Ticker?
    private var comparedAt = Instant.distantPast
    private var junk = JunkCount()
    private let effects = EffectQueue<Timeline.Effect>()
    /// What the effects of one event deliver, to leave in one hand-over per loop.
    private var deliveries: [Delivery] = []

    init(
        loop: any EventLoop,
        settings: RedisSettings,
        control: RedisControl,
        shards: [NIOLoopBound<Shard>]
    ) {
        self.loop = loop
        self.settings = settings
        self.control = control
        self.shards = shards
        lobby = Array(settings.keys.channel(of: .lobby).utf8)
        link = RedisLink(loop: loop, settings: settings, purpose: .feed)
        metrics = FeedMetrics(settings.metrics)
    }

    /// What it has shown of messages that may still be without an answer.
    var seen: [Lineage: UInt64] { timeline.seen }

    /// The node's standing, new or told again. With the first one the feed begins.
    func stands(_ standing: Standing) {
        reign = standing.reign
        let isFirst = incarnation == nil
        let isAnother = incarnation != standing.incarnation
        incarnation = standing.incarnation
        if isFirst { return start() }
        // Probes could not be sent for a while, and so none came.
        pulse?.heard(now: Clock.now)
        // The node's own channel has another name now.
        if isAnother { link.fail(.closed) }
        run { timeline, effects in timeline.stands(in: standing.reign, into: &effects) }
    }

    private func start() {
        link.onUp = { [weak self] in self?.subscribe(on: $0) }
        link.onDown = { [weak self] fault in self?.unsubscribed(fault) }
        link.start()
        ticking = Ticker(on: loop, every: Limits.wheelTick) { [weak self] in self?.tick() }
        if let reign { run { timeline, effects in timeline.stands(in: reign, into: &effects) } }
    }

    func stop() {
        ticking?.cancel()
        link.stop()
        onChange = nil
    }

    private func tick() {
        let now = Clock.now
        if let reason = junk.takeReport(now: now) {
            settings.log.warning("ignored what is no message", metadata: reason)
        }
        switch pulse?.tick(now: now) {
        case .probe: probe()
        case .giveUp: link.fail(.timedOut)
        case .nothing, nil: break
        }
        guard now >= comparedAt + Limits.compareInterval else { return }
        comparedAt = now
        run { timeline, effects in timeline.compare(into: &effects) }
    }

    /// Says something to the node itself, through Redis.
    private func probe(_ ticket: UInt64? = nil) {
        guard let incarnation else { return }
        let words = settings.codec.probeWords(of: incarnation, ticket: ticket)
        control.ask(words, settings.codec.probeAnswer) { _ in }
    }

    /// A loop was told that the room ends elsewhere than here.
    func doubted(_ room: RoomName) {
        guard room == timeline.room else { return }
        run { timeline, effects in timeline.doubted(into: &effects) }
    }
}

// MARK: - The subscription

extension RedisFeed {
    private func subscribe(on connection: RedisConnection) {
        guard let incarnation else { return }
        let channels = [
            settings.keys.channel(of: .lobby), settings.keys.channel(of: incarnation),
        ]
        own = Array(channels[1].utf8)
        unconfirmed = channels.count
        // From now on, because the confirmation may be lost as well.
        pulse = Pulse(now: Clock.now)
        connection.onPush = { [weak self] in self?.hear($0) }
        connection.subscribe(channels.map { Array($0.utf8) })
        connection.flush()
    }

    private func unsubscribed(_ fault: RedisFault) {
        pulse = nil
        timeline.unsubscribed()
        wasLive = false
        onChange?(false, fault)
    }

    private func hear(_ pushes: [RespValue]) {
        pulse?.heard(now: Clock.now)
        for push in pushes {
            if let complaint = push.complaint { return link.fail(RedisFault(error: complaint)) }
        }
        run { timeline, effects in
            for push in pushes { hear(push, &timeline, &effects) }
        }
    }

    private func hear(
        _ push: RespValue,
        _ timeline: inout Timeline,
        _ effects: inout [Timeline.Effect]
    ) {
        guard let parts = push.elements, parts.count == 3, let kind = parts[0].bytes else { return }
        if kind == Self.message {
            let payload = parts[2].bytes ?? []
            if parts[1].bytes == lobby {
                receive(payload, &timeline, &effects)
            } else if parts[1].bytes == own, let ticket = StoreCodec.probeTicket(payload) {
                timeline.probed(ticket: ticket, into: &effects)
            }
        } else if kind == Self.subscribe {
            unconfirmed -= 1
            guard unconfirmed == 0 else { return }
            timeline.subscribed(into: &effects)
        }
    }

    private static let message = Array("message".utf8)
    private static let subscribe = Array("subscribe".utf8)

    private func receive(
        _ payload: [UInt8],
        _ timeline: inout Timeline,
        _ effects: inout [Timeline.Effect]
    ) {
        switch BusPayload.parse(payload, room: .lobby) {
        case .messages(let publication): timeline.receive(publication, into: &effects)
        case .byHand(let body): timeline.receive(byHand: body, into: &effects)
        case .other: junk.count("of a kind that this version does not know")
        case .junk(let reason): junk.count(reason)
        }
    }
}

// MARK: - The room's order

extension RedisFeed {
    private func run(_ event: (inout Timeline, inout [Timeline.Effect]) -> Void) {
        guard effects.run({ event(&timeline, &$0) }, carryOut) else { return }
        deliver()
        guard timeline.isLive != wasLive else { return }
        wasLive = timeline.isLive
        if wasLive { metrics.caughtUp() }
        onChange?(wasLive, nil)
    }

    private func carryOut(_ effect: Timeline.Effect) {
        switch effect {
        case .deliver(let publication):
            deliveries.append(.run(Run(framing: publication)))
        case .deliverByHand(let body):
            deliveries.append(.run(Run(framing: body)))
        case .opened(let position):
            deliveries.append(.opened(position))
        case .missed(let range):
            missed(range)
        case .ignored:
            junk.count("a publication that the room's log knows nothing of")
        case .probe(let ticket):
            probe(ticket)
        case .catchUp(let call, let ticket):
            catchUp(call, ticket)
        case .doubtStanding(let epoch):
            control.doubted(epoch: epoch)
        }
    }

    private func missed(_ range: ClosedRange<UInt64>?) {
        // If nobody can tell how many, it is one at least.
        metrics.missed(range?.count ?? 1)
        settings.log.warning(
            "messages are lost to this node's clients",
            metadata: [
                "from": "\(range.map { "\($0.lowerBound)" } ?? "unknown")",
                "to": "\(range.map { "\($0.upperBound)" } ?? "unknown")",
            ]
        )
        deliveries.append(.missed)
    }

    private func catchUp(_ call: CatchUpCall, _ ticket: UInt64) {
        let codec = settings.codec
        let read = { (reply: RespValue) throws(StoreReplyError) in
            try codec.catchUpAnswer(reply, of: call.room, under: call.reign)
        }
        let words = codec.words(call, birth: Lineage(using: &random))
        control.ask(words, read, orElse: { [weak self] in self?.retry(ticket) }) {
            [weak self] answer in
            self?.run { timeline, effects in
                timeline.caughtUp(answer, ticket: ticket, into: &effects)
            }
        }
    }

    /// Redis has turned the question away, or there was nobody to ask: once more in a while.
    private func retry(_ ticket: UInt64) {
        let wait = TimeAmount.nanoseconds(Limits.retryAfter.inNanoseconds)
        loop.assumeIsolated().scheduleTask(in: wait) { [weak self] in
            guard let self, let reign, timeline.awaits(ticket) else { return }
            run { timeline, effects in timeline.stands(in: reign, into: &effects) }
        }
    }

    /// One hand-over per loop, however much there is; to the loop that this is, none.
    private func deliver() {
        guard !deliveries.isEmpty else { return }
        let batch = deliveries
        deliveries = []
        let now = Clock.now
        for bound in shards {
            if bound.eventLoop === loop {
                for delivery in batch { delivery.make(to: bound.value, arrivedAt: now) }
            } else {
                bound.eventLoop.execute {
                    for delivery in batch { delivery.make(to: bound.value, arrivedAt: now) }
                }
            }
        }
    }
}

/// What a loop is handed.
private enum Delivery: Sendable {
    case run(Run)
    case opened(Position)
    case missed

    func make(to shard: Shard, arrivedAt: Instant) {
        switch self {
        case .run(let run): shard.deliver(run, to: .lobby, arrivedAt: arrivedAt)
        case .opened(let position): shard.opened(.lobby, at: position)
        case .missed: shard.missed(in: .lobby)
        }
    }
}
