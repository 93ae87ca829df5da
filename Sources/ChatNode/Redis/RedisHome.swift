import ChatCore
import Glibc
import Logging
import NIOCore

/// What a node has once, whatever the number of its loops: its standing with Redis and its
/// subscription; and who tells the loops, the operator and the balancer how it fares.
///
/// On: the home loop, everything.
final class RedisHome {
    private let settings: RedisSettings
    private let state: NodeState
    private let shards: [NIOLoopBound<Shard>]
    private let ports: [NIOLoopBound<RedisPort>]
    let control: RedisControl
    private let feed: RedisFeed
    private let highest: RedisHighest
    private var outage: Outage
    private var havePortsStarted = false
    /// The trouble that the operator has been told of; nil where there is none.
    private var told: RedisFault?

    init(
        loop: any EventLoop,
        settings: RedisSettings,
        state: NodeState,
        highest: RedisHighest,
        shards: [NIOLoopBound<Shard>],
        ports: [NIOLoopBound<RedisPort>]
    ) {
        self.settings = settings
        self.state = state
        self.highest = highest
        self.shards = shards
        self.ports = ports
        control = RedisControl(loop: loop, settings: settings, highest: highest)
        feed = RedisFeed(loop: loop, settings: settings, control: control, shards: shards)
        outage = Outage(loops: ports.count, now: Clock.now)
        state.withoutBrokerSince = outage.since
    }

    func start() {
        control.onStanding = { [weak self] in self?.stands($0) }
        control.onHorizon = { [weak self] in self?.sure(until: $0) }
        control.onChange = { [weak self] in self?.note(.standing, $0, $1) }
        control.onOtherVersion = { [weak self] in self?.refuseOtherVersion(version: $0) }
        control.onTwin = { [weak self] in self?.warn(of: $0) }
        control.mayHold = { [weak self, loop = control.loop] keys in
            // Better to keep a name than to free one that is held.
            self?.mayHold(keys) ?? loop.makeSucceededFuture(keys.map { _ in true })
        }
        control.keyHashes = { [weak self, loop = control.loop] in
            self?.keyHashes() ?? loop.makeFailedFuture(CancellationError())
        }
        feed.onChange = { [weak self] in self?.note(.subscription, $0, $1) }
        control.start()
    }

    func stop() {
        feed.stop()
        control.stop()
    }

    /// A loop was told that a room ends elsewhere than this node believes.
    func doubted(_ room: RoomName) {
        feed.doubted(room)
    }

    // MARK: To the loops

    private func stands(_ standing: Standing) {
        feed.stands(standing)
        let seen = feed.seen
        for bound in shards {
            bound.eventLoop.execute { bound.value.stands(standing, seen: seen) }
        }
        startPorts()
        noteReadiness()
    }

    private func sure(until horizon: Instant) {
        state.namesSureUntil = horizon
        for bound in shards {
            bound.eventLoop.execute { bound.value.sure(until: horizon) }
        }
    }

    /// The loops' own connections, once it is known what reigns.
    private func startPorts() {
        guard !havePortsStarted else { return }
        havePortsStarted = true
        let home = NIOLoopBound(self, eventLoop: control.loop)
        for (index, (port, shard)) in zip(ports, shards).enumerated() {
            port.eventLoop.execute {
                port.value.start(
                    for: shard.value,
                    onChange: { isThere, fault in
                        home.eventLoop.execute { home.value.note(.loop(index), isThere, fault) }
                    },
                    onRefusal: { fault in
                        home.eventLoop.execute { home.value.note(refusal: fault) }
                    }
                )
            }
        }
    }

    /// Asks every loop: a name that one of them may hold is held.
    private func mayHold(_ keys: [String]) -> EventLoopFuture<[Bool]> {
        let answers = shards.map { bound in
            bound.eventLoop.submit { bound.value.mayHold(keys) }
        }
        return EventLoopFuture.whenAllSucceed(answers, on: control.loop).map { loops in
            keys.indices.map { index in loops.contains { $0[index] } }
        }
    }

    /// The hashes of all names that are, or may be, some loop's.
    private func keyHashes() -> EventLoopFuture<Set<Int>> {
        let answers = shards.map { bound in bound.eventLoop.submit { bound.value.keyHashes } }
        return EventLoopFuture.reduce(into: [], answers, on: control.loop) { $0.formUnion($1) }
    }

    // MARK: To people

    private func note(_ part: Outage.Part, _ isThere: Bool, _ fault: RedisFault?) {
        let before = outage.since
        outage.set(part, isThere: isThere, now: Clock.now)
        state.withoutBrokerSince = outage.since
        if let fault { note(fault, of: part) }
        // What one connection has met holds for all: the others need not find out one by one.
        if fault == .readOnly, control.standing != nil { control.fail(.readOnly) }
        if before != nil, outage.since == nil { tellWell() }
        noteReadiness()
    }

    /// A cut that is mended at once is no trouble; one that is not is told with what a try has met, or,
    /// if none has met anything, by itself.
    private func note(_ fault: RedisFault, of part: Outage.Part) {
        guard fault.isCut else { return tell(fault) }
        let trouble = RedisTrouble(fault, settings.address)
        settings.log.debug("\(trouble.cause); connecting again", metadata: ["part": "\(part)"])
        let patience = TimeAmount.nanoseconds(Limits.relinkPatience.inNanoseconds)
        control.loop.assumeIsolated().scheduleTask(in: patience) { [weak self] in
            guard let self, outage.isLasting(part, now: Clock.now) else { return }
            tell(fault)
        }
    }

    /// Redis is there, but turns away what sessions ask for; nil: it takes it again.
    private func note(refusal: RedisFault?) {
        if let refusal { return tell(refusal) }
        if outage.since == nil { tellWell() }
    }

    /// The first time that everything is there, and nobody has to be waited for.
    private func noteReadiness() {
        guard state.readiness == .starting, outage.since == nil,
            control.standing?.isGrace == false
        else { return }
        state.backend = "\(settings.address)  \(control.version)"
        _ = state.becomeReady()
    }

    /// Once for each kind of trouble, not for each connection and try.
    private func tell(_ fault: RedisFault) {
        guard fault != told else { return }
        // A cut that nothing else explains is followed by its reason, or by nothing; and where Redis
        // turns us away, the subscription is silent because nobody can say anything over it.
        if told != nil, fault == .closed || fault == .timedOut { return }
        told = fault
        let trouble = RedisTrouble(
            fault,
            settings.address,
            user: settings.credentials.user,
            prefix: settings.keys.prefix
        )
        if state.readiness == .starting {
            Terminal.complain(trouble.description)
        } else {
            settings.log.error(
                "\(trouble.cause); trying again",
                metadata: ["fix": "\(trouble.fix)"]
            )
        }
    }

    private func tellWell() {
        guard told != nil else { return }
        told = nil
        settings.log.info("Redis is there", metadata: ["address": "\(settings.address)"])
    }

    private func refuseOtherVersion(version: UInt64) {
        let description = """
            error: the data in Redis at \(settings.address) has the form of another version of \
            this program (number \(version))
              fix: start the chatnode that wrote it, or take another --redis-prefix
            """
        state.fail(NodeFailure(description: description, exitCode: EX_CONFIG))
    }

    private func warn(of twin: Incarnation) {
        settings.log.warning(
            "another living node has this one's label; give each its own --node-id",
            metadata: ["label": "\(settings.label)", "incarnation": "\(twin)"]
        )
    }
}
