import Foundation
import Synchronization

/// What disturbed a try of a test: each time that the tests' own process, or one that the test watches, stood
/// still, or the few threads that its tasks share were busy.
///
/// A watched process is asked for an answer again and again, which it gives at once unless the machine does not
/// let it run.
public final class Disturbances: Sendable {
    private struct State {
        var seen: [String] = []
        /// When each watched process has last answered.
        var answers: [String: ContinuousClock.Instant] = [:]
        var isOver = false
    }

    /// The time between an answer and the next question.
    private static let pace = Duration.milliseconds(100)
    /// A longer time between two answers is a disturbance. Nothing that tests find depends on less: a call to
    /// Redis is given up after 1.5 s (`Limits.redisCommandTimeout`).
    private static let bearable = Duration.milliseconds(600)

    private let state = Mutex(State())

    fileprivate init() {
        watch("the tests' process") {}
        let tasks = "the tests' tasks"
        state.withLock { $0.answers[tasks] = .now }
        Task.detached { [self] in
            while isHere(tasks) { try? await Task.sleep(for: Self.pace) }
        }
    }

    /// Watches nodes until the try is over.
    public func watch(_ nodes: some Sequence<TestNodeProcess>) {
        for node in nodes {
            watch("\(node.label) on port \(node.port)") { _ = try node.get("/healthz") }
        }
    }

    /// Watches a Redis until the try is over.
    public func watch(_ redis: TestRedis) {
        let port = redis.port
        watch("Redis") {
            let socket = try TestSocket(port: port)
            try socket.send("PING\r\n")
            _ = try socket.read(through: "\r\n")
        }
    }

    private func watch(_ name: String, _ ask: @escaping @Sendable () throws -> Void) {
        state.withLock { $0.answers[name] = .now }
        Thread { [self] in
            // A process that has ended refuses the connection at once: it does not stand still.
            repeat {
                Thread.sleep(forTimeInterval: Self.pace / .seconds(1))
                try? ask()
            } while isHere(name)
        }.start()
    }

    /// Takes an answer, and returns whether the try goes on.
    private func isHere(_ name: String) -> Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            Self.look(at: name, &state)
            state.answers[name] = .now
            return true
        }
    }

    private static func look(at name: String, _ state: inout State) {
        let silence = state.answers[name].map { ContinuousClock.now - $0 } ?? .zero
        if silence > bearable { state.seen.append("\(name) stood still for \(silence)") }
    }

    /// Notes a disturbance that the test has seen itself.
    public func note(_ disturbance: String) {
        state.withLock { $0.seen.append(disturbance) }
    }

    /// Ends the watch, and returns what was seen, with what has not answered for too long by now.
    fileprivate func end() -> [String] {
        state.withLock { state in
            for name in state.answers.keys { Self.look(at: name, &state) }
            state.isOver = true
            return state.seen
        }
    }
}

/// Returns what a try finds. One that fails is made again if it was disturbed, so that there are three at most.
///
/// A try begins everything anew, and throws what it finds wrong: `#expect` would fail the test in a disturbed try,
/// too. So would what no disturbance excuses (`requireAlways`): a message that comes twice, for example.
///
/// Fails: with the error of a try that was not disturbed, or of the third one; with a `Violation` at once.
public func inOneOfThreeTries<Found>(
    _ body: (Disturbances) async throws -> Found
) async throws -> Found {
    var triesLeft = 3
    while true {
        triesLeft -= 1
        let disturbances = Disturbances()
        do {
            let found = try await body(disturbances)
            _ = disturbances.end()
            return found
        } catch {
            let seen = disturbances.end()
            guard !seen.isEmpty, triesLeft > 0, !(error is Violation) else { throw error }
            // `deploy/test` shows these lines.
            print("made again, because \(seen.joined(separator: ", ")): \(error)")
        }
    }
}
