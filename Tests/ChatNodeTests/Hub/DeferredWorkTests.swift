import ChatCore
import Synchronization
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

/// What the loop does for many clients at once.
@Suite struct DeferredWorkTests {
    @Test func `a client that vanished with many others finds its name free when it is back`()
        async throws
    {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            // Each batch is a few of them.
            _ = try await server.node.hub.fromEach { $0.deferredWorkTime = .zero }
            let count = 500
            let guests = try (0..<count).map { try server.connect("guest\($0)") }
            let login = #"{"type":"login","username":"guest\#(count - 1)"}"#
            let socket = try server.whileStopped {
                for guest in guests { guest.socket.reset() }
                let socket = try TestSocket(port: server.port)
                let frame = TestWebSocket.frame(1, Array(login.utf8))
                try socket.send(Array(TestWebSocket.request().utf8) + frame)
                return socket
            }
            let upgrade = try socket.read(through: "\r\n\r\n")
            let back = TestWebSocket(upgraded: socket, answer: upgrade)
            let answer = try back.hear()
            #expect(answer.hasPrefix(#"{"type":"logged_in""#), "\(answer)")
            try await eventually("the others are gone") { server.node.state.connections == 1 }
        }
    }

    @Test func `a client that has missed messages is closed and hears nothing more`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let ada = try server.connect("Ada")
            let others = try (0..<20).map { _ in try server.connect() }
            // No message is sent between the two.
            _ = try await server.node.hub.fromEach { shard in
                shard.deferredWorkTime = .zero
                shard.missed(nil, in: .lobby)
                #expect(shard.writers.allSatisfy { !$0.takesFrames })
            }
            for client in [ada] + others { #expect(try client.hearFrame().closeCode == 4000) }
            for client in [ada] + others { client.socket.close() }
            try await eventually("all are gone") { server.node.state.connections == 0 }
        }
    }

    /// A place whose reminder takes a quarter of a batch's time.
    private final class Slow: SlotOccupant {
        private let reminded: Times

        init(_ reminded: Times) { self.reminded = reminded }

        func remind(now: Instant) {
            reminded.append(now)
            while Clock.now < now + Limits.deferredWorkTime / 4 {}
        }

        func drain() {}
        func cut() {}
    }

    /// The times of reminders on a loop, read by a test.
    private final class Times: Sendable {
        private let times = Mutex<[Instant]>([])

        func append(_ instant: Instant) { times.withLock { $0.append(instant) } }
        var all: [Instant] { times.withLock { $0 } }
    }

    @Test func `clients that are reminded in the same tick leave the loop to others in between`()
        async throws
    {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let times = Times()
            let count = 40
            let ids = try await server.node.hub.fromEach { shard in
                (0..<count).map { _ in
                    let id = shard.admit(Slow(times))
                    shard.remind(id, at: Clock.now)
                    return id
                }
            }[0]
            try await eventually("all are reminded") { times.all.count == count }
            _ = try await server.node.hub.fromEach { shard in ids.forEach(shard.vacate) }
            #expect(longestRun(of: times.all) <= 8)
        }
    }

    /// Returns the most reminders without a pause. A pause that the machine makes only shortens it.
    private func longestRun(of times: [Instant]) -> Int {
        var longest = 0
        var length = 0
        for (before, now) in zip([.distantPast] + times, times) {
            let isPause = before == .distantPast || now - before >= Limits.deferredWorkTime
            length = isPause ? 1 : length + 1
            longest = max(longest, length)
        }
        return longest
    }
}
