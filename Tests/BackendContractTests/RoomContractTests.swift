import ChatCore
import TestSupport
import Testing

/// What every backend promises to loops that enter rooms and leave them.
@Suite(.serialized) struct RoomContractTests {
    private static let kinds = TestedBackend.allCases
    /// Long for a machine that is not overloaded, and short for a test.
    private static let linger = Duration.milliseconds(300)
    private let blue: RoomName

    init() throws {
        blue = try RoomName("blue")
    }

    private func areOpen(_ room: RoomName, _ nodes: [TestedNode]) async throws {
        try await eventually("\(room.text) is open on all loops") {
            nodes.flatMap(\.records).allSatisfy { $0.now.openRooms[room] != nil }
        }
    }

    private func areClosed(_ room: RoomName, _ nodes: [TestedNode]) async throws {
        try await eventually("\(room.text) is closed on all loops") {
            nodes.flatMap(\.records).allSatisfy { $0.now.openRooms[room] == nil }
        }
    }

    /// Lets a socket that holds a name send a message until it is accepted: a cut may refuse it.
    private func say(
        _ text: String,
        in room: RoomName,
        by slot: Int32,
        on node: TestedNode,
        loop index: Int
    ) async throws {
        var attempt = 0
        try await eventually("a message is accepted") {
            attempt += 1
            let text = "\(text) \(attempt)"
            try await node.on(index) {
                $0.say(text, in: room, by: SocketID(slot: slot, generation: 0))
            }
            let record = node.records[index]
            try await eventually("it is settled") { record.now.settled["\"\(text)\""] != nil }
            guard case .accepted = record.now.settled["\"\(text)\""] else { return false }
            return true
        }
    }

    @Test(arguments: kinds)
    func `a room is opened on all loops, closed after the last has left, and goes on`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(roomLinger: Self.linger)) { [blue] nodes in
            let records = nodes.flatMap(\.records)
            for node in nodes { try await node.on(0) { $0.join(blue) } }
            try await areOpen(blue, nodes)
            #expect(try await nodes[0].claim("anna", by: 1, on: 0) == .granted())
            try await say("first", in: blue, by: 1, on: nodes[0], loop: 0)
            try await eventually("all loops of all nodes hear it") {
                records.allSatisfy { !($0.now.heard[blue] ?? []).isEmpty }
            }
            for node in nodes { try await node.on(0) { $0.leave(blue) } }
            try await areClosed(blue, nodes)
            for node in nodes { try await node.on(1) { $0.join(blue) } }
            try await areOpen(blue, nodes)
            let end = records[0].now.openRooms[blue]?.seq
            #expect(end == records[0].now.heard[blue]?.last?.seq)
            try await say("second", in: blue, by: 1, on: nodes[0], loop: 0)
            try await eventually("all loops hear the same") {
                records.allSatisfy {
                    ($0.now.heard[blue] ?? []).last?.text.hasPrefix("\"second") == true
                }
            }
            for record in records {
                #expect(record.now.heard[blue] == records[0].now.heard[blue])
                #expect(record.now.delivered.isEmpty)
                #expect(record.now.openRooms[.lobby] != nil)
            }
        }
    }

    @Test(arguments: kinds)
    func `a room is heard while one of two loops is interested, and forgotten on that node alone`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(roomLinger: Self.linger)) { [blue] nodes in
            for node in nodes { for index in 0..<2 { try await node.on(index) { $0.join(blue) } } }
            try await areOpen(blue, nodes)
            #expect(try await nodes[0].claim("anna", by: 1, on: 0) == .granted())
            try await nodes[0].on(0) { $0.leave(blue) }
            // Nodes that share the room forget it each for itself.
            for node in nodes.dropFirst() {
                for index in 0..<2 { try await node.on(index) { $0.leave(blue) } }
                try await areClosed(blue, [node])
            }
            try await Task.sleep(for: Self.linger * 2)
            // A session speaks where its loop has no member.
            try await say("heard", in: blue, by: 1, on: nodes[0], loop: 0)
            try await eventually("both loops hear it") {
                nodes[0].records.allSatisfy { ($0.now.heard[blue] ?? []).count == 1 }
            }
            for record in nodes[0].records { #expect(record.now.closings == 0) }
            for node in nodes.dropFirst() {
                for record in node.records { #expect(record.now.heard[blue] == nil) }
            }
        }
    }

    @Test(arguments: kinds)
    func `a session speaks in a room that nobody is in, which is closed after that`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(roomLinger: Self.linger)) { [blue] nodes in
            #expect(try await nodes[0].claim("anna", by: 1, on: 1) == .granted())
            try await say("alone", in: blue, by: 1, on: nodes[0], loop: 1)
            try await eventually("the room was closed") {
                nodes[0].records.allSatisfy { $0.now.closings == 1 }
            }
        }
    }

    @Test(arguments: kinds)
    func `an interest that crosses the room's end opens it again`(
        kind: TestedBackend
    ) async throws {
        let linger = Duration.milliseconds(2)
        try await withNodes(kind.make(roomLinger: linger), count: 1, isCrossing: true) {
            [blue] nodes in
            let node = nodes[0]
            for round in 0..<100 {
                try await node.on(round % 2) { $0.join(blue) }
                try await areOpen(blue, nodes)
                try await node.on(round % 2) { $0.leave(blue) }
                // About when the node forgets the room, a little later each time.
                try await Task.sleep(for: linger + .microseconds(round * 20))
            }
            try await node.on(0) { $0.join(blue) }
            try await areOpen(blue, nodes)
            try await Task.sleep(for: .milliseconds(600))
            try await areOpen(blue, nodes)
        }
    }

    @Test(arguments: kinds)
    func `a thousand rooms are opened, spoken in and closed`(kind: TestedBackend) async throws {
        let rooms = try (0..<1000).map { try RoomName("room-\($0)") }
        try await withNodes(kind.make(roomLinger: Self.linger)) { nodes in
            let records = nodes.flatMap(\.records)
            for (number, node) in nodes.enumerated() {
                try await node.on(0) { loop in for room in rooms { loop.join(room) } }
                #expect(try await node.claim("user\(number)", by: 1, on: 1) == .granted())
            }
            try await eventually("all rooms are open on all loops") {
                records.allSatisfy { $0.now.openRooms.count == rooms.count + 1 }
            }
            for node in nodes {
                for room in [rooms[0], rooms[500], rooms[999]] {
                    try await say("to \(room.text)", in: room, by: 1, on: node, loop: 1)
                }
            }
            try await eventually("all loops hear all of it, in one order") {
                records.allSatisfy {
                    $0.now.heard == records[0].now.heard
                        && $0.now.heard.values.count { $0.count >= nodes.count } == 3
                }
            }
            for node in nodes {
                try await node.on(0) { loop in for room in rooms { loop.leave(room) } }
            }
            try await eventually("all but the lobby are closed") {
                records.allSatisfy { Array($0.now.openRooms.keys) == [.lobby] }
            }
        }
    }

    @Test func `rooms go on after a Redis that keeps its data was restarted`() async throws {
        let server = try await TestRedis.start(["--appendonly", "yes", "--appendfsync", "always"])
        let rooms = try (0..<300).map { try RoomName("room-\($0)") }
        try await withNodes(RedisUnderTest(server, roomLinger: Self.linger)) { nodes in
            let records = nodes.flatMap(\.records)
            for node in nodes { try await node.on(0) { for room in rooms { $0.join(room) } } }
            for (node, name) in zip(nodes, ["anna", "bert"]) {
                #expect(try await node.claim(name, by: 1, on: 0) == .granted())
            }
            for room in rooms { try await areOpen(room, nodes) }
            try await say("before", in: rooms[7], by: 1, on: nodes[0], loop: 0)
            let before = records.map(\.now)
            try await server.restart()
            try await eventually("all rooms are opened in the new epoch") {
                zip(records, before).allSatisfy { $0.now.opened >= $1.opened + rooms.count + 1 }
            }
            try await say("after", in: rooms[7], by: 1, on: nodes[1], loop: 0)
            try await eventually("all loops were told the same messages") {
                records.allSatisfy {
                    ($0.now.heard[rooms[7]] ?? []).count >= 2
                        && $0.now.heard == records[0].now.heard
                }
            }
        }
    }

    @Test func `cuts of the subscription lose and double nothing in any of several rooms`()
        async throws
    {
        let server = try await TestRedis.start()
        let rooms = try [.lobby] + (0..<20).map { try RoomName("room-\($0)") }
        try await withNodes(RedisUnderTest(server)) { nodes in
            let records = nodes.flatMap(\.records)
            for (number, node) in nodes.enumerated() {
                for index in 0..<2 {
                    try await node.on(index) { for room in rooms { $0.join(room) } }
                    for slot in 0..<Int32(3) {
                        let name = "user\(number)\(index)\(slot)"
                        #expect(try await node.claim(name, by: slot, on: index) == .granted())
                    }
                }
            }
            for room in rooms { try await areOpen(room, nodes) }
            for cut in 0..<15 {
                for (number, node) in nodes.enumerated() {
                    try await node.on(cut % 2) { loop in
                        for message in 0..<60 {
                            let text = "\(number) \(cut) \(message)"
                            let socket = SocketID(slot: Int32(message % 3), generation: 0)
                            loop.say(text, in: rooms[message * 7 % rooms.count], by: socket)
                        }
                    }
                }
                try await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
                try await Task.sleep(for: .milliseconds(50))
            }
            try await eventually("all messages are settled") {
                records.reduce(0) { $0 + $1.now.settled.count } == 15 * 2 * 60
            }
            let accepted = records.flatMap { $0.now.settled.values }.count {
                if case .accepted = $0 { true } else { false }
            }
            #expect(accepted > 0)
            try await eventually("all loops heard all that was accepted, in one order") {
                records.allSatisfy {
                    $0.now.heard == records[0].now.heard
                        && $0.now.heard.values.reduce(0) { $0 + $1.count } == accepted
                }
            }
        }
    }
}
