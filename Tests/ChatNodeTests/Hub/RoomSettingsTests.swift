import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// The settings of rooms have an effect, through sockets.
@Suite struct RoomSettingsTests {
    /// A rate that lets nothing more through while a test runs.
    private let never = "0.001"

    /// Runs a node without limits on messages, with some settings.
    private func run(
        _ settings: [String: String],
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let flags = ["loops": "2", "message-rate": "0", "byte-rate": "0"]
        try await TestServer.run(flags.merging(settings) { $1 }, body)
    }

    /// Joins a room, and returns the first text of the answer.
    private func join(_ room: String, by client: RoomClient) throws -> String {
        try client.socket.say(#"{"type":"join","room":"\#(room)"}"#)
        let answer = try client.hear()
        if answer.hasPrefix(#"{"type":"joined""#) {
            #expect(try client.hear().hasPrefix(#"{"type":"synced""#))
        }
        return answer
    }

    private func hasJoined(_ room: String, by client: RoomClient) throws -> Bool {
        try join(room, by: client).hasPrefix(#"{"type":"joined","room":"\#(room)""#)
    }

    /// The milliseconds after which a refused client may try again.
    private func wait(in refusal: String) throws -> Int {
        guard refusal.contains(#""code":"rate_limited""#),
            let key = refusal.firstRange(of: #""retry_ms":"#),
            let wait = Int(refusal[key.upperBound...].prefix { $0.isNumber })
        else { throw Unexpected(refusal) }
        return wait
    }

    @Test func `a client is in as many rooms as rooms-per-client says`() async throws {
        try await run(["rooms-per-client": "2"]) { server in
            let client = try RoomClient(port: server.port)
            for room in ["a", "b"] { #expect(try hasJoined(room, by: client)) }
            let refusal = try join("c", by: client)
            #expect(refusal.contains("A client is in 2 rooms at most"))
            #expect(refusal.hasSuffix(#""code":"too_long","room":"c"}"#))
        }
    }

    @Test func `a client joins as often as join-rate and join-burst say`() async throws {
        try await run(["join-rate": never, "join-burst": "3", "rooms-per-client": "3"]) { server in
            let client = try RoomClient(port: server.port)
            for _ in 1...3 { #expect(try hasJoined("lobby", by: client)) }
            // A join takes 1,000 s; the default rate gives one in 200 ms.
            let wait = try wait(in: join("lobby", by: client))
            #expect((500_000...1_000_000).contains(wait))
        }
        try await run(["join-rate": "0"]) { server in
            let client = try RoomClient(port: server.port)
            for _ in 1...200 { #expect(try hasJoined("lobby", by: client)) }
        }
    }

    @Test func `a client begins rooms as often as new-room-rate and new-room-burst say`()
        async throws
    {
        try await run(["new-room-rate": never, "new-room-burst": "2"]) { server in
            let client = try RoomClient(port: server.port)
            // That a room is new shows only when it is heard: one more begins.
            for number in 1...3 { #expect(try hasJoined("r\(number)", by: client)) }
            // A room takes 60,000 s; by the default rate six.
            let wait = try wait(in: join("r4", by: client))
            #expect((30_000_000...60_000_000).contains(wait))
        }
        try await run(["new-room-rate": "0"]) { server in
            let client = try RoomClient(port: server.port)
            for number in 1...30 { #expect(try hasJoined("r\(number)", by: client)) }
        }
    }

    @Test func `a client takes messages back as often as removal-rate and removal-burst say`()
        async throws
    {
        // There is no such message, which shows only if it is looked for.
        let removal = #"{"type":"remove","seq":7,"mid":"aaaaaaaa.1"}"#
        try await run(["removal-rate": never, "removal-burst": "2"]) { server in
            let ada = try RoomClient(port: server.port, name: "Ada")
            for _ in 1...2 {
                try ada.socket.say(removal)
                #expect(try ada.hear().contains(#""code":"not_found""#))
            }
            // A removal takes 60,000 s; by the default rate six.
            try ada.socket.say(removal)
            #expect((30_000_000...60_000_000).contains(try wait(in: ada.hear())))
        }
        try await run(["removal-rate": "0"]) { server in
            let ada = try RoomClient(port: server.port, name: "Ada")
            for _ in 1...30 {
                try ada.socket.say(removal)
                #expect(try ada.hear().contains(#""code":"not_found""#))
            }
        }
    }

    @Test(arguments: [("16KiB", false), ("1MiB", true)])
    func `a room's log has as many bytes as history-bytes says`(
        bytes: String,
        isAllKept: Bool
    ) async throws {
        // More messages than a node keeps in memory, and fewer bytes than it may.
        let count = Limits.backlogMessages + 500
        try await run(["history": "100000", "history-bytes": bytes]) { server in
            let client = try RoomClient(port: server.port)
            let start = try RoomClient.Place(client.join()[0])
            let ada = try server.connect("Ada")
            for value in 1...count {
                try ada.chat("\(value)", as: "Ada")
                _ = try ada.hear()
            }
            let late = try RoomClient(port: server.port)
            try late.join(since: start)
            #expect(late.isRecovered == isAllKept)
            #expect(late.gaps.isEmpty == isAllKept)
            #expect(late.place?.seq == count)
        }
    }

    @Test func `a room keeps its messages for as long as history-age says`() throws {
        #expect(try loadConfiguration().room.retention.milliseconds == 24 * 3_600_000)
        let configuration = try loadConfiguration(flags: ["history-age": "90m"])
        #expect(configuration.room.retention.milliseconds == 90 * 60_000)
    }

    @Test func `a node hears as many rooms as max-rooms says`() async throws {
        try await run(["max-rooms": "2"]) { server in
            let clients = try (1...2).map { _ in try RoomClient(port: server.port) }
            for client in clients { #expect(try hasJoined("lobby", by: client)) }
            #expect(try hasJoined("a", by: clients[0]))
            // On the other loop, which hears one room fewer.
            for client in clients.reversed() {
                let refusal = try join("b", by: client)
                #expect(refusal.contains("takes part in as many rooms as it can"))
                #expect(refusal.contains(#""code":"unavailable","room":"b""#))
            }
        }
    }
}
