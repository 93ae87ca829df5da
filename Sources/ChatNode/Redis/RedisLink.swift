import ChatCore
import NIOCore

/// Keeps one connection to Redis: connects, gives Redis the scripts, says when it is there and when
/// it is gone, and tries again.
///
/// On: its loop, everything.
final class RedisLink {
    /// What a connection is for, as `CLIENT LIST` shows it.
    enum Purpose: String {
        case commands, control, feed

        fileprivate var needsScripts: Bool { self != .feed }
    }

    /// There is a connection, and it knows the scripts.
    var onUp: ((RedisConnection) -> Void)?
    /// It is gone; or, before there was any, another try has failed.
    var onDown: ((RedisFault) -> Void)?
    /// The connection, while there is one.
    private(set) var connection: RedisConnection?

    private let loop: any EventLoop
    private let settings: RedisSettings
    private let purpose: Purpose
    private let metrics: LinkMetrics
    private var backoff = Backoff()
    private var upSince = Instant.distantPast
    private var isStopped = false
    private var ticking: Ticker?
    /// Connected, and being prepared.
    private var candidate: RedisConnection?

    init(loop: any EventLoop, settings: RedisSettings, purpose: Purpose) {
        self.loop = loop
        self.settings = settings
        self.purpose = purpose
        metrics = LinkMetrics(settings.metrics, purpose)
    }

    /// Begins to try, for ever.
    func start() {
        ticking = Ticker(on: loop, every: Limits.wheelTick) { [weak self] in
            let now = Clock.now
            self?.candidate?.tick(now: now)
            self?.connection?.tick(now: now)
        }
        connect()
    }

    /// Ends it; nobody is called any more.
    func stop() {
        isStopped = true
        ticking?.cancel()
        ticking = nil
        onUp = nil
        onDown = nil
        candidate?.close()
        connection?.close()
        candidate = nil
        connection = nil
    }

    /// The connection is of no use: start over.
    func fail(_ fault: RedisFault) {
        (connection ?? candidate)?.fail(fault)
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
        candidate = connection
        connection.onClosed = { [weak self] fault in
            self?.candidate = nil
            self?.down(fault)
        }
        guard purpose.needsScripts else { return up(connection) }
        var missing = Script.allCases.count
        for script in Script.allCases {
            connection.send(StoreCodec.load(script)) {
                [weak self] answer in
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
        candidate = nil
        self.connection = connection
        connection.onClosed = { [weak self] fault in
            self?.connection = nil
            self?.forgive(fault)
            self?.down(fault)
        }
        upSince = Clock.now
        metrics.isUp()
        connection.onAnswered = { [metrics] in metrics.answered(sent: $0, now: $1) }
        onUp?(connection)
    }

    /// The next try comes soon, except where Redis takes us in each time and then turns us away, as a
    /// replica does.
    private func forgive(_ fault: RedisFault) {
        let wasUsed = Clock.now >= upSince + Limits.redisBackoffLast
        if wasUsed || fault == .closed || fault == .timedOut { backoff.reset() }
    }

    private func down(_ fault: RedisFault) {
        metrics.isDown()
        onDown?(fault)
        guard !isStopped else { return }
        var random = SystemRandomNumberGenerator()
        let wait = backoff.next(using: &random)
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.inNanoseconds)) { [weak self] in
            guard let self, !isStopped else { return }
            connect()
        }
    }
}
