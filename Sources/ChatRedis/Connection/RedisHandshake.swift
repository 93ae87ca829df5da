import ChatCore
import NIOCore

/// Begins a connection: logs in, names the connection, and checks that the server is a Redis that this
/// program can use.
///
/// On: the connection's loop.
final class RedisHandshake {
    typealias Outcome = Result<RedisConnection, RedisFault>

    private let connection: RedisConnection
    /// Called once, with the outcome; nil after that.
    private var then: ((Outcome) -> Void)?
    /// Ends the handshake if it takes too long. Until it has finished, the scheduled task is what retains
    /// it: the connection refers to its delegate weakly.
    private var deadline: Scheduled<Void>?
    /// Whether Redis has answered that it has no password, although one was sent. Becomes the outcome
    /// if no worse fault follows.
    private var isPasswordUnwanted = false

    init(on connection: RedisConnection, then: @escaping (Outcome) -> Void) {
        self.connection = connection
        self.then = then
    }

    /// Sends all commands of the handshake together. The outcome follows within
    /// `Limits.redisCommandTimeout`. Only answers count: the kernel accepts connections for a Redis that
    /// is stopped.
    func begin(_ credentials: RedisCredentials, name: String) {
        if let fault = connection.fault { return finish(.failure(interpreted(fault))) }
        connection.delegate = self
        let patience = TimeAmount.nanoseconds(Limits.redisCommandTimeout.inNanoseconds)
        deadline = connection.loop.assumeIsolated().scheduleTask(in: patience) {
            self.connection.fail(.timedOut)
        }
        if let login = credentials.command {
            send(login) { self.admitted($0) }
        }
        send(["CLIENT", "SETNAME", name]) { self.introduced($0) }
        send(["INFO", "server"]) { self.identify($0) }
        // Unlike the commands above, ECHO is refused while Redis loads its data. Unlike PING, it is
        // answered if Redis cannot save to its disk: such a Redis can still be subscribed to.
        send(["ECHO", "chatnode"]) { answer in
            self.refuse(ifError: answer)
            if self.connection.isOpen { self.finish(.success(self.connection)) }
        }
        connection.flush()
    }

    private func send(_ words: [String], then: @escaping (RespValue) -> Void) {
        connection.send(words.map { Array($0.utf8) }) { answer in
            // A failure is reported by `isOver`.
            if case .success(let value) = answer { then(value) }
        }
    }

    private func refuse(ifError answer: RespValue) {
        if let complaint = answer.complaint { refuse(RedisFault(error: complaint)) }
    }

    private func refuse(_ fault: RedisFault) {
        connection.close()
        finish(.failure(fault))
    }

    /// Takes the answer to AUTH. That Redis has no password is not the outcome yet: a Sentinel says the
    /// same, and `identify` reports that it is one.
    private func admitted(_ answer: RespValue) {
        guard let complaint = answer.complaint else { return }
        let fault = RedisFault(error: complaint)
        guard fault == .passwordUnwanted else { return refuse(fault) }
        isPasswordUnwanted = true
    }

    /// Takes the answer to CLIENT SETNAME. The name is only for people who look at `CLIENT LIST`, so the
    /// handshake goes on without it. Other errors are of the connection: Redis sends them in place of the
    /// first answer, for example if it has too many clients.
    private func introduced(_ answer: RespValue) {
        guard let complaint = answer.complaint else { return }
        switch RedisFault(error: complaint) {
        case .noPermission, .other: break
        case let fault: refuse(fault)
        }
    }

    /// Takes the answer to INFO: checks the version, the build and the mode.
    private func identify(_ answer: RespValue) {
        guard answer.complaint == nil else { return refuse(ifError: answer) }
        guard let text = answer.text, let version = Self.value(of: "redis_version", in: text) else {
            return refuse(.notRedis(.said((answer.text ?? "\(answer)").redisExcerpt)))
        }
        let major = Int(version.prefix { $0 != "." }) ?? 0
        guard major >= Limits.redisMajorVersion else {
            return refuse(.tooOld(version.redisExcerpt))
        }
        // In a build for 32 bits Lua formats `%d` as a C long: fences have 50 bits and would be cut off.
        guard Self.value(of: "arch_bits", in: text) != "32" else { return refuse(.narrow) }
        switch Self.value(of: "redis_mode", in: text) {
        case "sentinel": return refuse(.sentinel)
        case "cluster": return refuse(.clusterMode)
        default: break
        }
        if isPasswordUnwanted { return refuse(.passwordUnwanted) }
        connection.version = version.redisExcerpt
    }

    /// Returns the value of a key in the answer to INFO, which has lines like `redis_version:7.0.15`.
    private static func value(of key: String, in info: String) -> String? {
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(key):") }
        return line.map { String($0.dropFirst(key.count + 1)) }
    }

    /// Returns the fault to report: a server that has sent nothing at all may be no Redis.
    private func interpreted(_ fault: RedisFault) -> RedisFault {
        switch fault {
        case .timedOut where isPasswordUnwanted, .closed where isPasswordUnwanted: .passwordUnwanted
        case .timedOut where !connection.hasHeard: .notRedis(.silent)
        case .closed where !connection.hasHeard: .notRedis(.hungUp)
        default: fault
        }
    }

    private func finish(_ outcome: Outcome) {
        guard let then else { return }
        self.then = nil
        deadline?.cancel()
        connection.delegate = nil
        then(outcome)
    }
}

extension RedisHandshake: RedisConnectionDelegate {
    func isOver(_ connection: RedisConnection, _ fault: RedisFault) {
        finish(.failure(interpreted(fault)))
    }
}
