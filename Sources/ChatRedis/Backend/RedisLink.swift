import ChatCore
import ChatSupport
import NIOCore

/// Owns a `RedisLink` and hears how it fares. On: the link's loop.
protocol RedisLinkDelegate: AnyObject {
    /// Hears that there is a connection, and that Redis knows the scripts.
    func isUp(_ link: RedisLink, _ connection: RedisConnection)
    /// Hears all that one read has brought to a subscriber.
    func pushed(_ link: RedisLink, _ values: [RespValue])
    /// Hears that the connection is gone, or that another try to connect has failed.
    func isDown(_ link: RedisLink, _ fault: RedisFault)
}

extension RedisLinkDelegate {
    func pushed(_ link: RedisLink, _ values: [RespValue]) {}
}

/// Keeps one connection to Redis: connects, gives Redis the scripts, tells its delegate when the
/// connection is there and when it is gone, and tries again.
///
/// On: its loop, everything.
final class RedisLink {
    /// What a connection is for, as `CLIENT LIST` shows it.
    enum Purpose: String {
        case commands, control, feed

        fileprivate var needsScripts: Bool { self != .feed }
    }

    private enum Phase {
        /// There is no connection: one is being made, or the next try is due.
        case away
        /// Redis is being given the scripts.
        case preparing(RedisConnection)
        case up(RedisConnection, since: Instant)
        case stopped
    }

    private weak var delegate: (any RedisLinkDelegate)?
    private var phase = Phase.away

    private let loop: any EventLoop
    private let settings: RedisSettings
    private let purpose: Purpose
    private let metrics: LinkMetrics
    private var backoff = Backoff()
    private var ticking: Ticker?

    init(loop: any EventLoop, settings: RedisSettings, purpose: Purpose) {
        self.loop = loop
        self.settings = settings
        self.purpose = purpose
        metrics = LinkMetrics(settings.metrics, purpose)
    }

    /// The connection that calls may be sent over; nil while there is none.
    var connection: RedisConnection? {
        if case .up(let connection, _) = phase { connection } else { nil }
    }

    /// The connection, also while it is being prepared.
    private var current: RedisConnection? {
        switch phase {
        case .preparing(let connection), .up(let connection, _): connection
        case .away, .stopped: nil
        }
    }

    private var isStopped: Bool {
        if case .stopped = phase { true } else { false }
    }

    /// Begins to connect, and tries until `stop`.
    func start(delegate: any RedisLinkDelegate) {
        self.delegate = delegate
        ticking = Ticker(on: loop, every: Limits.wheelTick) { [weak self] in
            self?.current?.tick(now: Clock.now)
        }
        connect()
    }

    /// Closes the connection and stops trying. After this, the delegate is not called any more.
    func stop() {
        let connection = current
        phase = .stopped
        ticking?.cancel()
        ticking = nil
        delegate = nil
        connection?.close()
    }

    /// Ends the connection because it cannot be used; the link connects again.
    func fail(_ fault: RedisFault) {
        current?.fail(fault)
    }

    private func connect() {
        RedisConnection.connect(
            to: settings.address,
            on: loop,
            credentials: settings.credentials,
            name: "chatnode-\(settings.label)-\(purpose)"
        ) { [weak self] result in
            guard let self, !isStopped else {
                if case .success(let connection) = result { connection.close() }
                return
            }
            switch result {
            case .success(let connection): prepare(connection)
            case .failure(let fault): down(fault)
            }
        }
    }

    private func prepare(_ connection: RedisConnection) {
        phase = .preparing(connection)
        connection.delegate = self
        guard purpose.needsScripts else { return up(connection) }
        var missing = Script.allCases.count
        for script in Script.allCases {
            connection.send(StoreCodec.load(script)) { [weak self] answer in
                guard case .success(let reply) = answer else { return }
                if let complaint = reply.complaint {
                    return connection.fail(RedisFault(error: complaint))
                }
                missing -= 1
                if missing == 0 { self?.up(connection) }
            }
        }
        connection.flush()
    }

    private func up(_ connection: RedisConnection) {
        phase = .up(connection, since: Clock.now)
        metrics.isUp()
        delegate?.isUp(self, connection)
    }

    /// Lets the next try come soon after a connection is lost. A Redis that accepts each connection and
    /// then refuses its calls, as a replica does, does not count: to it the wait goes on growing.
    private func resetBackoff(upSince: Instant, _ fault: RedisFault) {
        let wasUsed = Clock.now >= upSince + Limits.redisBackoffLast
        if wasUsed || fault == .closed || fault == .timedOut { backoff.reset() }
    }

    private func down(_ fault: RedisFault) {
        metrics.isDown()
        delegate?.isDown(self, fault)
        guard !isStopped else { return }
        var random = SystemRandomNumberGenerator()
        let wait = backoff.next(using: &random)
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.inNanoseconds)) { [weak self] in
            guard let self, !isStopped else { return }
            connect()
        }
    }
}

extension RedisLink: RedisConnectionDelegate {
    func answered(_ connection: RedisConnection, sent: Instant, now: Instant) {
        // The commands that prepare a connection are not counted.
        if case .up = phase { metrics.answered(sent: sent, now: now) }
    }

    func pushed(_ connection: RedisConnection, _ values: [RespValue]) {
        delegate?.pushed(self, values)
    }

    func isOver(_ connection: RedisConnection, _ fault: RedisFault) {
        if case .up(_, let since) = phase { resetBackoff(upSince: since, fault) }
        phase = .away
        down(fault)
    }
}
