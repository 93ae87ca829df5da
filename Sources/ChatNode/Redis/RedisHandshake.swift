import ChatCore
import NIOCore

/// What is said first on a connection: who we are, what we are called, and whether that is a Redis
/// that will do.
///
/// On: the connection's loop.
final class RedisHandshake {
    typealias Outcome = Result<RedisConnection, RedisFault>

    private let connection: RedisConnection
    private var then: ((Outcome) -> Void)?
    private var deadline: Scheduled<Void>?
    /// It has no password, and one was given: told unless it proves to be something else besides.
    private var isPasswordUnwanted = false

    init(on connection: RedisConnection, then: @escaping (Outcome) -> Void) {
        self.connection = connection
        self.then = then
    }

    /// Says everything at once; the outcome follows within the time for a command. A Redis that is
    /// stopped still takes connections, so nothing less than answers will do.
    func begin(_ credentials: RedisCredentials, name: String) {
        if let fault = connection.fault { return finish(.failure(interpreted(fault))) }
        connection.onClosed = { self.finish(.failure(self.interpreted($0))) }
        let patience = TimeAmount.nanoseconds(Limits.redisCommandTimeout.inNanoseconds)
        deadline = connection.loop.assumeIsolated().scheduleTask(in: patience) {
            self.connection.fail(.timedOut)
        }
        if let login = credentials.command {
            send(login) { self.admitted($0) }
        }
        send(["CLIENT", "SETNAME", name]) { self.introduced($0) }
        send(["INFO", "server"]) { self.identify($0) }
        // Unlike those above, not answered while Redis loads its data; unlike PING, answered where
        // it cannot save to its disk, which is no reason not to listen to it.
        send(["ECHO", "chatnode"]) { answer in
            self.refuse(ifError: answer)
            if self.connection.isOpen { self.finish(.success(self.connection)) }
        }
        connection.flush()
    }

    private func send(_ words: [String], then: @escaping (RespValue) -> Void) {
        connection.send(words.map { Array($0.utf8) }) { answer in
            // Failures come through `onClosed`.
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

    /// Said to a Sentinel by somebody who takes it for its Redis, a password is the lesser error.
    private func admitted(_ answer: RespValue) {
        guard let complaint = answer.complaint else { return }
        let fault = RedisFault(error: complaint)
        guard fault == .passwordUnwanted else { return refuse(fault) }
        isPasswordUnwanted = true
    }

    /// The name is for people who look at `CLIENT LIST`: without it all goes on. But who is turned
    /// away at the door is told so in place of the first answer.
    private func introduced(_ answer: RespValue) {
        guard let complaint = answer.complaint else { return }
        switch RedisFault(error: complaint) {
        case .noPermission, .other: break
        case let fault: refuse(fault)
        }
    }

    private func identify(_ answer: RespValue) {
        guard answer.complaint == nil else { return refuse(ifError: answer) }
        guard let text = answer.text, let version = Self.value(of: "redis_version", in: text) else {
            return refuse(.notRedis(.said((answer.text ?? "\(answer)").redisExcerpt)))
        }
        let major = Int(version.prefix { $0 != "." }) ?? 0
        guard major >= Limits.redisMajorVersion else {
            return refuse(.tooOld(version.redisExcerpt))
        }
        // Lua puts `%d` through a C long there: fences, which have 50 bits, would come out wrong.
        guard Self.value(of: "arch_bits", in: text) != "32" else { return refuse(.narrow) }
        switch Self.value(of: "redis_mode", in: text) {
        case "sentinel": return refuse(.sentinel)
        case "cluster": return refuse(.clusterMode)
        default: break
        }
        if isPasswordUnwanted { return refuse(.passwordUnwanted) }
        connection.version = version.redisExcerpt
    }

    /// What stands behind the key in a line like `redis_version:7.0.15`.
    private static func value(of key: String, in info: String) -> String? {
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(key):") }
        return line.map { String($0.dropFirst(key.count + 1)) }
    }

    /// Who has not said a word is perhaps no Redis at all.
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
        connection.onClosed = nil
        then(outcome)
    }
}
