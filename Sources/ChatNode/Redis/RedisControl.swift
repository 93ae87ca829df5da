import ChatCore
import NIOCore

/// A node's standing with Redis: carries out what its lease wants, on one connection of its own.
///
/// On: the home loop, everything.
final class RedisControl {
    /// The node's standing, new or told again.
    var onStanding: ((Standing) -> Void)?
    /// Until then names are sure.
    var onHorizon: ((Instant) -> Void)?
    /// Whether the node is registered and can say so.
    var onChange: ((_ isThere: Bool, RedisFault?) -> Void)?
    /// The data is of another version of this program.
    var onOtherVersion: ((UInt64) -> Void)?
    /// Another living node has this one's label.
    var onTwin: ((Incarnation) -> Void)?
    /// Which of these names are, or may be, held by a session here.
    var mayHold: (([String]) -> EventLoopFuture<[Bool]>)?
    /// The hashes of all that are, or may be.
    var keyHashes: (() -> EventLoopFuture<Set<Int>>)?
    /// How many audits have begun.
    var audits = 0

    let loop: any EventLoop
    let settings: RedisSettings
    private let highest: RedisHighest
    private let link: RedisLink
    private var lease: Lease
    private var timer: Scheduled<Void>?
    private var auditing: Ticker?
    private var random = SystemRandomNumberGenerator()
    private let effects = EffectQueue<Lease.Effect>()

    init(loop: any EventLoop, settings: RedisSettings, highest: RedisHighest) {
        self.loop = loop
        self.settings = settings
        self.highest = highest
        link = RedisLink(loop: loop, settings: settings, purpose: .control)
        lease = Lease(
            label: settings.label,
            isNewCluster: settings.isNewCluster,
            incarnation: Incarnation(using: &random)
        )
    }

    /// What the node is; nil while it is not registered.
    var standing: Standing? { lease.standing }
    /// The process, as others know it at present.
    var incarnation: Incarnation { lease.incarnation }
    var connection: RedisConnection? { link.connection }
    /// Of Redis, for people; empty before the first connection.
    private(set) var version = ""

    func start() {
        link.onUp = { [weak self] connection in
            self?.version = connection.version
            self?.run { lease, effects in lease.linkUp(now: Clock.now, into: &effects) }
        }
        link.onDown = { [weak self] fault in
            self?.lease.linkLost()
            self?.schedule()
            self?.onChange?(false, fault)
        }
        link.start()
        auditing = Ticker(on: loop, every: Limits.auditInterval) { [weak self] in self?.audit() }
    }

    func stop() {
        timer?.cancel()
        auditing?.cancel()
        link.stop()
        (onStanding, onHorizon, onChange, onOtherVersion, onTwin) = (nil, nil, nil, nil, nil)
        (mayHold, keyHashes) = (nil, nil)
    }

    /// A loop has met another reign, of that epoch at least.
    func doubted(epoch: UInt64) {
        highest.saw(Reign(epoch: epoch, dataSet: ""))
        run { lease, effects in lease.doubted(epoch: epoch, now: Clock.now, into: &effects) }
    }

    /// The connection is of no use.
    func fail(_ fault: RedisFault) {
        link.fail(fault)
    }

    /// Asks for something else over this connection. No answer where there is none: then the
    /// standing is told anew when there is one again.
    func ask<Answer>(
        _ words: RedisCommand,
        _ read: @escaping (RespValue) throws(StoreReplyError) -> Answer,
        orElse: @escaping () -> Void = {},
        _ then: @escaping (Answer) -> Void
    ) {
        guard let connection else { return orElse() }
        connection.ask(words, read, refused: { _ in orElse() }, then)
        connection.flush()
    }
}

// MARK: - The lease

extension RedisControl {
    private func run(_ event: (inout Lease, inout [Lease.Effect]) -> Void) {
        lease.granted(fence: highest.fence)
        guard effects.run({ event(&lease, &$0) }, carryOut) else { return }
        connection?.flush()
        schedule()
    }

    private func carryOut(_ effect: Lease.Effect) {
        switch effect {
        case .call(let call):
            send(call)
        case .stands(let standing):
            highest.saw(standing.reign)
            onStanding?(standing)
            onChange?(true, nil)
            audit()
        case .horizon(let horizon):
            onHorizon?(horizon)
        case .reap(let dead):
            reap(dead)
        case .met(let other):
            greet(other)
        case .otherVersion(let version):
            onOtherVersion?(version)
        }
    }

    private func send(_ call: Lease.Call) {
        let codec = settings.codec
        switch call {
        case .fence(let call):
            askLease(codec.words(call), codec.fenceAnswer) { .fence($0) }
        case .register(let call):
            askLease(codec.words(call), codec.rosterAnswer) { .roster($0) }
        case .renew(let call):
            askLease(codec.words(call), codec.rosterAnswer) { .roster($0) }
        case .certify(let call):
            askLease(codec.words(call), codec.certifyAnswer) { .certify($0) }
        case .endGrace(let reign):
            askLease(codec.endGraceWords(reign), codec.endGraceAnswer) { .endGrace($0) }
        }
    }

    private func askLease<Answer>(
        _ words: RedisCommand,
        _ read: @escaping (RespValue) throws(StoreReplyError) -> Answer,
        _ wrap: @escaping (Answer) -> Lease.Answer
    ) {
        connection?.ask(words, read, refused: { [weak self] in self?.refused($0) }) {
            [weak self] answer in self?.answered(wrap(answer))
        }
    }

    /// Redis is well but takes no writes: without a heartbeat the names are not sure for long.
    private func refused(_ fault: RedisFault) {
        answered(.refused)
        onChange?(false, fault)
    }

    private func answered(_ answer: Lease.Answer) {
        run { lease, effects in
            lease.answered(answer, now: Clock.now, using: &random, into: &effects)
        }
        // The heartbeat before may have been turned away.
        if case .roster(.roster) = answer, standing != nil { onChange?(true, nil) }
    }

    /// One timer, for whatever is due next.
    private func schedule() {
        timer?.cancel()
        timer = nil
        guard lease.due < .distantFuture else { return }
        let wait = max(.zero, lease.due - Clock.now)
        timer = loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.inNanoseconds)) {
            [weak self] in
            self?.run { lease, effects in
                guard let self else { return }
                lease.tick(now: Clock.now, using: &self.random, into: &effects)
            }
        }
    }

    func reaped(_ dead: Incarnation) {
        lease.reaped(dead)
    }
}
