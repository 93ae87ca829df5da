import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// Older messages of rooms, through sockets.
@Suite struct RoomHistoryTests {
    private let flags = [
        "loops": "2", "message-rate": "0", "byte-rate": "0", "history": "5000",
    ]

    private typealias Place = RoomClient.Place

    /// Lets a speaker say numbers, and returns them as they are heard.
    private func say(_ range: ClosedRange<Int>, by client: TestWebSocket) throws -> [String] {
        for value in range { try client.chat("\(value)", as: "Ada") }
        return try range.map { _ in try client.hear() }
    }

    private func answer(_ items: some Collection<String>, hasMore: Bool) -> String {
        #"{"type":"history","room":"lobby","items":[\#(items.joined(separator: ","))],"more":\#(hasMore)}"#
    }

    @Test func `a join brings as many of the newest messages as are wanted`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let empty = try RoomClient(port: server.port)
            #expect(try empty.join(history: 5).count == 2)
            let said = try say(1...20, by: ada)
            for count in [1, 7, 20, 100] {
                let client = try RoomClient(port: server.port)
                let heard = try client.join(history: count)
                #expect(Array(heard.dropFirst().dropLast()) == Array(said.suffix(count)))
                #expect(try Place(heard[0]).seq == max(20 - count, 0))
                #expect(client.isRecovered == nil)
                #expect(heard.last == #"{"type":"synced","room":"lobby","seq":20}"#)
            }
            // A position that is not of the room's history does not count.
            let client = try RoomClient(port: server.port)
            var stood = try #require(empty.place)
            stood.mid = "abcdefgh.3"
            let heard = try client.join(since: stood, history: 3)
            #expect(heard.count == 5)
            #expect(client.isRecovered == false)
        }
    }

    @Test func `older messages come in pages, as they were heard`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let said = try say(1...250, by: ada)
            let client = try RoomClient(port: server.port)
            try client.join()
            #expect(try client.history() == answer(said[150..<250], hasMore: true))
            #expect(try client.history(limit: 3) == answer(said[247..<250], hasMore: true))
            #expect(try client.history(before: 151) == answer(said[50..<150], hasMore: true))
            #expect(try client.history(before: 51) == answer(said[0..<50], hasMore: false))
            #expect(try client.history(before: 1) == answer([], hasMore: false))
            #expect(
                try client.history(before: 9999, limit: 1) == answer(said[249...], hasMore: true)
            )
        }
    }

    @Test func `a page has at most 48 KiB, and at least one message`() async throws {
        let flags = flags.merging(["message-size": "100000"]) { $1 }
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            for bytes in [60_000, 20_000, 20_000, 20_000] {
                try ada.chat(#""\#(String(repeating: "x", count: bytes))""#, as: "Ada")
                _ = try ada.hear()
            }
            let client = try RoomClient(port: server.port)
            try client.join()
            func seqs(before seq: Int) throws -> [String] {
                let text = try client.history(before: seq)
                return (1...4).map { "\($0)" }.filter { text.contains(#","seq":\#($0),"#) }
            }
            #expect(try seqs(before: 5) == ["3", "4"])
            #expect(try seqs(before: 3) == ["2"])
            #expect(try seqs(before: 2) == ["1"])
        }
    }

    @Test func `what the node has not in memory any more is read from the log`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let first = try RoomClient(port: server.port)
            let start = try Place(first.join()[0])
            var said: [String] = []
            for round in 0..<9 { said += try say(round * 500 + 1...round * 500 + 500, by: ada) }
            // On both loops, several at a time.
            let clients = try (0..<6).map { _ in try RoomClient(port: server.port) }
            for client in clients {
                try client.socket.say(#"{"type":"join","since":\#(start.since)}"#)
            }
            // In turns: a client that does not read for half a minute, because the others take so long on a
            // busy machine, is closed.
            for count in stride(from: 500, through: 4500, by: 500) {
                for client in clients { try client.hear(upTo: count) }
            }
            for client in clients {
                #expect(client.isRecovered == true)
                #expect(client.gaps.isEmpty)
            }
            let last = try RoomClient(port: server.port)
            try last.join(history: 2000)
            #expect(last.values.count == 2000)
            #expect(try last.history(before: 51) == answer(said[0..<50], hasMore: false))
            let more = try say(4501...4510, by: ada)
            for client in clients + [last] {
                while client.place?.seq != 4510 { _ = try client.hear() }
            }
            #expect(more.count == 10)
        }
    }

    @Test func `a position whose followers are not kept is told which are lost`() async throws {
        let flags = flags.merging(["history": "10"]) { $1 }
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let first = try RoomClient(port: server.port)
            let start = try Place(first.join()[0])
            _ = try say(1...3000, by: ada)
            let client = try RoomClient(port: server.port)
            try client.join(since: start)
            #expect(client.isRecovered == false)
            #expect(client.gaps.count == 1)
            #expect(client.gaps.first?.lowerBound == 1)
            #expect(client.place?.seq == 3000)
        }
    }

    @Test func `a node that keeps no history gives none`() async throws {
        let flags = flags.merging(["history": "0"]) { $1 }
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            _ = try say(1...20, by: ada)
            let client = try RoomClient(port: server.port)
            #expect(try client.join(history: 5).count == 2)
            #expect(client.place?.seq == 20)
            #expect(try client.history() == answer([], hasMore: false))
        }
    }

    @Test func `answers to a client that does not read come one at a time, and all of them`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let value = String(repeating: "x", count: 1000)
            for _ in 1...250 {
                try ada.chat(#""\#(value)""#, as: "Ada")
                _ = try ada.hear()
            }
            let client = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try client.join()
            for number in 1...50 {
                try client.socket.say(#"{"type":"history","before":\#(number * 5),"limit":60}"#)
            }
            for number in 1...50 {
                let text = try client.hear()
                #expect(text.hasPrefix(#"{"type":"history""#))
                #expect(text.contains(#","seq":\#(number * 5 - 1),"#))
                #expect(!text.contains(#","seq":\#(number * 5),"#))
            }
            try client.socket.say(#"{"type":"ping"}"#)
            #expect(try client.hear() == #"{"type":"pong"}"#)
        }
    }

    @Test func `only a member is given older messages, and they come in the order of the requests`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            _ = try say(1...30, by: ada)
            let client = try RoomClient(port: server.port)
            #expect(try client.history().contains(#""code":"not_in_room","room":"lobby""#))
            // Asked before the join is answered.
            try client.socket.say(#"{"type":"join"}"#)
            for seq in [30, 20, 10] {
                try client.socket.say(#"{"type":"history","before":\#(seq),"limit":1}"#)
            }
            var heard: [String] = []
            for _ in 0..<5 { heard.append(try client.hear()) }
            #expect(heard[0].hasPrefix(#"{"type":"joined""#))
            for (text, seq) in zip(heard.dropFirst(2), [29, 19, 9]) {
                #expect(text.contains(#","seq":\#(seq),"#))
            }
        }
    }
}
