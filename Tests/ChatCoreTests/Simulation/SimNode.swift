import ChatCore
import Testing

/// A node of the simulated cluster: the machines that ship, wired as ChatNode wires them.
final class SimNode {
    let world: World
    let redis: SimRedis
    let number: Int
    private(set) var isAlive = true
    private(set) var isPaused = false
    private var postponed: [() -> Void] = []

    private(set) var lease: Lease
    private let leaseEffects = EffectQueue<Lease.Effect>()
    private(set) var timeline = Timeline(room: .lobby)
    private var pulse: Pulse?
    private var incarnation: Incarnation?
    private var isFeeding = false
    private(set) var horizon = Instant.distantPast
    private var highest = Reign(epoch: 0, dataSet: "")
    private var highestFence: UInt64 = 0
    private(set) var loops: [SimLoop] = []
    private lazy var control = SimLink(node: self)
    private lazy var feed = SimLink(node: self)

    /// What this node's clients have been told, in order.
    var heard: [(seq: UInt64, mid: MessageID, body: String)] = []
    var missed = 0
    /// From which message on, in the order in which they were written, this node's clients are to hear
    /// all; nothing before it has been caught up with for the first time.
    private(set) var mustHearFrom = Int.max

    init(world: World, redis: SimRedis, number: Int, isNewCluster: Bool) {
        self.world = world
        self.redis = redis
        self.number = number
        lease = Lease(
            label: "n\(number)",
            isNewCluster: isNewCluster,
            incarnation: Incarnation(using: &world.random)
        )
        loops = (0..<2).map { SimLoop(node: self, index: $0) }
        control.onUp = { [unowned self] in
            run { $0.linkUp(now: world.now, into: &$1) }
        }
        control.onDown = { [unowned self] in lease.linkLost() }
        feed.onUp = { [unowned self] in subscribe() }
        feed.onDown = { [unowned self] in
            pulse = nil
            timeline.unsubscribed()
        }
        control.connect()
        tick()
    }

    // MARK: Life

    /// Does something on this node: later, where it is paused; never, where it is dead.
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
        control.close()
        feed.close()
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
        if lease.due <= world.now {
            run { $0.tick(now: self.world.now, using: &self.world.random, into: &$1) }
        }
        for loop in loops { loop.ask { $0.tick(now: self.world.now, into: &$1) } }
        switch pulse?.tick(now: world.now) {
        case .probe: probe()
        case .giveUp: feed.fail()
        case .nothing, nil: break
        }
        if world.chance(0.005) { show { $0.compare(into: &$1) } }
    }

    private func probe(_ ticket: UInt64? = nil) {
        control.send { redis in
            redis.probe(self, ticket)
            return {}
        }
    }

    func doubtedRoom() { show { $0.doubted(into: &$1) } }

    // MARK: The lease

    private func run(_ event: (inout Lease, inout [Lease.Effect]) -> Void) {
        lease.granted(fence: highestFence)
        leaseEffects.run({ event(&lease, &$0) }, carryOut)
    }

    private func carryOut(_ effect: Lease.Effect) {
        world.note("n\(number) lease \(effect)")
        switch effect {
        case .call(let call): send(call)
        case .stands(let standing):
            stands(standing)
            audit()
        case .horizon(let horizon):
            self.horizon = horizon
            for loop in loops { loop.client.horizon = horizon }
        case .reap(let dead): reap(dead)
        case .met: break
        case .otherVersion: Issue.record("there is no other version")
        }
    }

    private func send(_ call: Lease.Call) {
        control.send { [self] redis in
            let answer: Lease.Answer =
                switch call {
                case .fence(let call): .fence(redis.store.fence(call))
                case .register(let call): .roster(redis.store.register(call))
                case .renew(let call): .roster(redis.store.renew(call))
                case .certify(let call): .certify(redis.store.certify(call))
                case .endGrace(let reign): .endGrace(redis.store.endGrace(reign))
                }
            return { [self] in
                run { $0.answered(answer, now: world.now, using: &world.random, into: &$1) }
            }
        }
    }

    private func stands(_ standing: Standing) {
        saw(standing.reign)
        let isAnother = incarnation != nil && incarnation != standing.incarnation
        incarnation = standing.incarnation
        if isAnother { feed.fail() }
        show { $0.stands(in: standing.reign, into: &$1) }
        for loop in loops { loop.ask { $0.stands(standing, seen: self.timeline.seen, into: &$1) } }
        guard !isFeeding else { return }
        isFeeding = true
        feed.connect()
        for loop in loops { loop.link.connect() }
    }

    private func reap(_ dead: Incarnation) {
        control.send { [self] redis in
            let keys = redis.store.heldKeys(of: dead).prefix(3)
            return { [self] in
                guard let reign = lease.standing?.reign else { return lease.reaped(dead) }
                control.send { [self] redis in
                    let call = ReapCall(reign: reign, dead: dead, keys: Array(keys))
                    let answer = redis.store.reap(call)
                    return { [self] in
                        if case .left(let left) = answer, left > 0 { return reap(dead) }
                        lease.reaped(dead)
                    }
                }
            }
        }
    }

    /// As `RedisControl.audit` does.
    func audit() {
        guard let standing = lease.standing else { return }
        control.send { [self] redis in
            let keys = redis.store.heldKeys(of: standing.incarnation)
            return { [self] in
                for key in keys where !mayHold(key) { release(key, standing.incarnation) }
            }
        }
    }

    private func release(_ key: String, _ incarnation: Incarnation) {
        control.send { [self] redis in
            let fence = redis.store.fence(ofName: key)
            return { [self] in
                guard let fence, !mayHold(key) else { return }
                control.send { redis in
                    _ = redis.store.release(
                        Release(key: key, incarnation: incarnation, condition: .fence(fence))
                    )
                    return {}
                }
            }
        }
    }

    private func mayHold(_ key: String) -> Bool {
        loops.contains { $0.client.mayHold([key])[0] }
    }

    // MARK: What loops need

    func doubted(epoch: UInt64) {
        saw(Reign(epoch: epoch, dataSet: ""))
        run { $0.doubted(epoch: epoch, now: world.now, into: &$1) }
    }

    private func saw(_ new: Reign) {
        let isKnown = !new.dataSet.isEmpty
        if new.epoch > highest.epoch || (new.epoch == highest.epoch && isKnown) { highest = new }
    }

    func fenceCall() -> FenceCall {
        FenceCall(
            highestEpoch: highest.epoch,
            highestDataSet: highest.dataSet,
            highestFence: highestFence,
            isNewCluster: false
        )
    }

    func met(_ reign: Reign) {
        guard reign.epoch > highest.epoch else { return }
        saw(reign)
        doubted(epoch: reign.epoch)
    }

    func granted(fence: UInt64) { highestFence = max(highestFence, fence) }

    // MARK: The feed

    private func subscribe() {
        guard let link = feed.link else { return }
        link.onPush = { [unowned self] publication in
            pulse?.heard(now: world.now)
            show { $0.receive(publication, into: &$1) }
        }
        link.onProbe = { [unowned self] ticket in
            pulse?.heard(now: world.now)
            if let ticket { show { $0.probed(ticket: ticket, into: &$1) } }
        }
        feed.send { [self] _ in
            link.isSubscribed = true
            return { [self] in
                pulse = Pulse(now: world.now)
                show { $0.subscribed(into: &$1) }
            }
        }
    }

    private func show(_ event: (inout Timeline, inout [Timeline.Effect]) -> Void) {
        var effects: [Timeline.Effect] = []
        event(&timeline, &effects)
        for effect in effects {
            world.note("n\(number) timeline \(effect)")
            switch effect {
            case .deliver(let publication):
                for (index, item) in publication.items.enumerated() {
                    let body = String(decoding: item.body, as: UTF8.self)
                    heard.append((publication.firstSeq + UInt64(index), item.mid, body))
                }
                if let end = publication.end {
                    for loop in loops { loop.client.delivered(.lobby, upTo: end) }
                }
            case .deliverByHand: break
            case .opened(let position):
                mustHearFrom = min(mustHearFrom, redis.order.count)
                for loop in loops {
                    loop.ask { client, _ in client.opened(.lobby, at: position) }
                }
            case .missed:
                // Its clients are closed; those that come then hear what is written from now on.
                missed += 1
                mustHearFrom = redis.order.count
            case .probe(let ticket): probe(ticket)
            case .ignored: break
            case .catchUp(let call, let ticket):
                control.send { [self] redis in
                    let answer = redis.store.catchUp(call, birth: Lineage(using: &world.random))
                    return { [self] in show { $0.caughtUp(answer, ticket: ticket, into: &$1) } }
                }
            case .doubtStanding(let epoch): doubted(epoch: epoch)
            }
        }
    }
}

/// Keeps one connection, as `RedisLink` does.
final class SimLink {
    private(set) var link: SimRedis.Link?
    var onUp: (() -> Void)?
    var onDown: (() -> Void)?
    private unowned let node: SimNode
    private var backoff = Backoff()
    private var isConnecting = false

    init(node: SimNode) {
        self.node = node
    }

    func connect() {
        guard node.isAlive, link == nil, !isConnecting else { return }
        isConnecting = true
        let world = node.world
        node.redis.connect(node, onClosed: { [weak self] in self?.lost() }) { [weak self] link in
            guard let self else { return }
            isConnecting = false
            guard let link else { return down() }
            self.link = link
            // The handshake, which a server that is paused does not answer.
            var isAnswered = false
            node.redis.send(link) { _ in
                { [weak self] in
                    isAnswered = true
                    self?.backoff.reset()
                    self?.onUp?()
                }
            }
            world.after(Limits.publishPatience) { [weak self] in
                guard let self, self.link === link, !isAnswered else { return }
                node.runs { self.fail() }
            }
        }
    }

    func send(_ request: @escaping SimRedis.Request) {
        guard let link else { return }
        var isAnswered = false
        node.redis.send(link) { redis in
            let then = request(redis)
            return {
                isAnswered = true
                then()
            }
        }
        node.world.after(Limits.publishPatience) { [weak self] in
            guard let self, self.link === link, !isAnswered else { return }
            node.runs { if self.link === link, !isAnswered { self.fail() } }
        }
    }

    /// The connection is of no use: start over.
    func fail() {
        guard let link else { return }
        node.redis.close(link)
        lost()
    }

    func close() {
        if let link { node.redis.close(link) }
        link = nil
    }

    private func lost() {
        guard link != nil else { return }
        link = nil
        down()
    }

    private func down() {
        onDown?()
        let wait = backoff.next(using: &node.world.random)
        node.world.after(wait) { [weak self] in
            guard let self else { return }
            node.runs { self.connect() }
        }
    }
}
