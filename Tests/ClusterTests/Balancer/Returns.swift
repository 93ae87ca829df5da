import Foundation
import Synchronization
import TestSupport

/// What the clients of a test tell about their connections, from their threads.
final class Returns: Sendable {
    /// One client's way back.
    struct Return: Sendable {
        /// From the end of the old connection until the client lacked nothing.
        let interruption: Duration
        /// The part of that after the client's own wait.
        let work: Duration
    }

    private struct State {
        var present = 0
        var returns: [Return] = []
        var ends: [String: Int] = [:]
        var acknowledged = 0
        var isOver = false
        var problem: (any Error)?
    }

    private let state = Mutex(State())

    /// How many clients are in their rooms for the first time or again.
    var present: Int { state.withLock { $0.present } }
    /// The ways back so far.
    var all: [Return] { state.withLock { $0.returns } }
    /// How connections have ended, with how often each way came.
    var ends: [String: Int] { state.withLock { $0.ends } }
    /// How many messages have been acknowledged.
    var acknowledged: Int { state.withLock { $0.acknowledged } }
    /// Whether speakers are to end.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// Runs a client on a thread of its own, and notes if it fails: the others would go on for long.
    func play<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) -> Task<
        Result, any Error
    > {
        Task {
            do {
                return try await onThread(body)
            } catch {
                state.withLock { $0.problem = $0.problem ?? error }
                throw error
            }
        }
    }

    /// Waits until a condition holds.
    ///
    /// Fails: at once if a client has failed.
    func reach(_ what: String, _ holds: () -> Bool) async throws {
        try await eventually(what) {
            if let problem = state.withLock({ $0.problem }) { throw problem }
            return holds()
        }
    }

    func finish() { state.withLock { $0.isOver = true } }
    func acknowledge() { state.withLock { $0.acknowledged += 1 } }
    func arrive() { state.withLock { $0.present += 1 } }

    func lose(_ end: String) {
        state.withLock {
            $0.present -= 1
            $0.ends[end, default: 0] += 1
        }
    }

    func comeBack(_ way: Return) {
        state.withLock {
            $0.present += 1
            $0.returns.append(way)
        }
    }

    /// How a connection has ended, if an error says that it has; nil for what must not happen.
    static func end(_ error: any Error) -> String? {
        let text = (error as? Unexpected)?.description ?? ""
        if text.hasPrefix("the connection ended") { return "no close frame" }
        if text.hasPrefix("opcode 8: ") { return String(text.dropFirst(10).prefix(4)) }
        if text.hasPrefix("send: errno") { return "not sent" }
        // HAProxy: the node ended during the handshake, or there is none.
        if text.hasPrefix("HTTP/1.1 502 ") || text.hasPrefix("HTTP/1.1 503 ") { return "HAProxy's" }
        return nil
    }
}

/// A client of `chat.v1` behind the balancer that listens in a room, and comes back with its position as
/// often as its connection ends. On: one thread.
final class ReturningMember {
    /// The longest wait before a client comes back for the first time (docs/protocol/README.md, "full jitter").
    private static let longestWait = 0.5
    /// The time until a node, if there is one, must have answered.
    private static let patience = Duration.seconds(10)

    private let port: Int
    private let room: String
    private let returns: Returns
    private var client: RoomClient
    /// What former connections have heard.
    private var values: [String] = []

    init(port: Int, room: String, returns: Returns) throws {
        (self.port, self.room, self.returns) = (port, room, returns)
        client = try RoomClient(port: port, room: room)
    }

    /// Listens until it hears `last`, and returns everything that was heard, in order.
    ///
    /// Fails: at a hole, at a message that comes again, or if a way back does not lead there.
    func listen(until last: String) throws -> [String] {
        try client.join()
        returns.arrive()
        while client.values.last != last {
            do {
                _ = try client.hear()
            } catch {
                guard let end = Returns.end(error) else { throw error }
                returns.lose(end)
                try comeBack()
            }
        }
        return values + client.values
    }

    private func comeBack() throws {
        let lost = ContinuousClock.now
        Thread.sleep(forTimeInterval: .random(in: 0...Self.longestWait))
        let began = ContinuousClock.now
        let place = client.place
        values += client.values
        while true {
            do {
                client = try RoomClient(port: port, room: room)
                try client.join(since: place)
                break
            } catch {
                let isPassing =
                    Returns.end(error) != nil || "\(error)".contains(#""code":"unavailable""#)
                guard isPassing, ContinuousClock.now - lost < Self.patience else { throw error }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
        guard client.isRecovered == true else {
            throw Unexpected("not recovered, from \(place.map { "\($0)" } ?? "nowhere")")
        }
        let now = ContinuousClock.now
        returns.comeBack(Returns.Return(interruption: now - lost, work: now - began))
    }
}

/// A client behind the balancer that speaks in a room without hearing it, one message after the other, each
/// when the one before is acknowledged. It comes back to its name, and sends again what has no `ack`. On: one
/// thread.
struct ReturningSpeaker: Sendable {
    /// The time between two messages.
    private static let pace = 0.01
    /// The time until the name must be the client's again: if the answer to a take-over was lost with its
    /// node, that is when the node counts as dead (docs/guarantees.md).
    private static let patience = Duration.seconds(20)

    let port: Int
    let room: String
    let name: String
    let returns: Returns

    /// What the client knows beyond its connections.
    private struct Memory {
        var secret: String?
        var acknowledged: [String] = []
        /// A message that was sent and has no `ack`.
        var pending: String?
    }

    /// Speaks until the test is over, and returns what was acknowledged, in order: all that was said.
    func speak() throws -> [String] {
        var memory = Memory()
        var lost = ContinuousClock.now
        while !returns.isOver || memory.pending != nil {
            do {
                try speak(&memory)
            } catch {
                // A node whose Redis stands still for a moment takes no message.
                let isRefused = [#""type":"login_failure""#, #""code":"unavailable""#].contains {
                    "\(error)".contains($0)
                }
                guard isRefused || Returns.end(error) != nil else { throw error }
                if !isRefused { lost = .now }
                guard ContinuousClock.now - lost < Self.patience else { throw error }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
        return memory.acknowledged
    }

    private func speak(_ memory: inout Memory) throws {
        let client = try RoomClient(port: port, room: room)
        let login = try client.login(name, session: memory.secret)
        guard login.isResumed == (memory.secret != nil) else { throw Unexpected("\(login)") }
        memory.secret = login.session
        if login.acked == memory.acknowledged.count + 1, let pending = memory.pending {
            note(pending, &memory)
        }
        guard login.acked == memory.acknowledged.count else { throw Unexpected("\(login)") }
        while !returns.isOver || memory.pending != nil {
            let n = memory.acknowledged.count + 1
            let value = #""\#(name).\#(n)""#
            memory.pending = value
            try client.say(value, n: n)
            _ = try client.hearAck(of: n)
            note(value, &memory)
            Thread.sleep(forTimeInterval: Self.pace)
        }
    }

    private func note(_ value: String, _ memory: inout Memory) {
        memory.acknowledged.append(value)
        memory.pending = nil
        returns.acknowledge()
    }
}
