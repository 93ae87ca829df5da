import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// A client's WebSocket, from its first byte to its last.
@Suite struct ConnectionTests {
    // MARK: Closing, with the codes of RFC 6455 §7.4.1

    /// What is sent, and the code it is closed with.
    private static let offences: [(String, [UInt8], Int)] = [
        ("an unmasked frame", TestWebSocket.frame(1, Array("{}".utf8), isMasked: false), 1002),
        ("a reserved opcode", TestWebSocket.frame(3, []), 1002),
        ("a continuation of nothing", TestWebSocket.frame(0, [1]), 1002),
        ("a fragmented ping", TestWebSocket.frame(9, [], isFinal: false), 1002),
        ("a ping of 126 bytes", TestWebSocket.frame(9, Array(repeating: 0, count: 126)), 1002),
        ("half a close code", TestWebSocket.frame(8, [3]), 1002),
        ("a binary message", TestWebSocket.frame(2, [1, 2]), 1003),
        ("text that is not UTF-8", TestWebSocket.frame(1, [0xC3, 0x28]), 1007),
        (
            "a message over the limit", TestWebSocket.frame(1, Array(repeating: 32, count: 16_385)),
            1009
        ),
    ]

    @Test(arguments: offences.indices)
    func `an offence closes the socket with its code`(index: Int) async throws {
        let (what, bytes, code) = Self.offences[index]
        try await TestServer.run { (server) async throws in
            let client = try server.connect()
            try client.socket.send(bytes)
            let close = try client.hearClose()
            #expect(close.closeCode == code, "\(what)")
            #expect(!close.closeReason.isEmpty)
            if code == 1009 { #expect(close.closeReason.contains("16384")) }
        }
    }

    @Test func `a close is answered with its own code, and the name is free`() async throws {
        // On one loop, where the release comes before whatever the client does next.
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let client = try server.connect("Ada")
            try client.send(frame: 8, [0x03, 0xE8] + Array("bye".utf8))
            #expect(try client.hearClose().closeCode == 1000)
            let empty = try server.connect("Ada")
            try empty.send(frame: 8)
            #expect(try empty.hearClose().payload == [])
        }
    }

    @Test func `what comes behind a close is thrown away, and the frame still arrives`()
        async throws
    {
        try await TestServer.run { (server) async throws in
            let client = try server.connect("Ada")
            var bytes = TestWebSocket.frame(2, [1])
            bytes += Array(repeating: 0x81, count: 300_000)
            try client.socket.send(bytes)
            #expect(try client.hearClose().closeCode == 1003)
        }
    }

    @Test func `a client that goes on sending after a close is cut`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.connect()
            try client.send(frame: 2)
            #expect(try client.hearFrame().closeCode == 1003)
            // The node reads a mebibyte (`Limits.lingerBytes`) and the kernel holds a few; in two seconds
            // (`Limits.lingerTimeout`) loopback would carry hundreds.
            let chunk = [UInt8](repeating: 0x81, count: 65_536)
            var sent = 0
            while sent < 64 << 20, (try? client.socket.send(chunk)) != nil { sent += chunk.count }
            #expect(sent < 64 << 20)
        }
    }

    @Test func `a client that does not close in its turn is cut`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.connect()
            try client.send(frame: 2)
            #expect(try client.hearFrame().closeCode == 1003)
            // The server's direction ends at once; its descriptor after `Limits.lingerTimeout`.
            _ = try client.socket.readToEnd()
            try await eventually("the connection is gone") { server.node.state.connections == 0 }
        }
    }

    // MARK: Frames

    @Test func `a ping is answered with its bytes, also between fragments`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.connect()
            let login = Array(#"{"type":"login","username":"Ada"}"#.utf8)
            try client.socket.send(
                TestWebSocket.frame(1, Array(login[..<5]), isFinal: false)
                    + TestWebSocket.frame(9, [1, 2, 3])
                    + TestWebSocket.frame(0, Array(login[5..<9]), isFinal: false)
                    + TestWebSocket.frame(0, Array(login[9...]))
            )
            #expect(try client.hearFrame() == .init(opcode: 10, payload: [1, 2, 3]))
            #expect(try client.hear() == #"{"type":"logged_in","username":"Ada","node":"n1"}"#)
        }
    }

    @Test func `messages that come a byte at a time are understood`() async throws {
        try await TestServer.run(["byte-rate": "0"]) { (server) async throws in
            let client = try server.connect("Ada")
            let chat = Array(#"{"type":"chat","username":"Ada","value":"é😀"}"#.utf8)
            for byte in TestWebSocket.frame(1, chat) { try client.socket.send([byte]) }
            #expect(try client.hear().contains(#""value":"é😀","seq":1"#))
        }
    }

    @Test func `a message as large as the limit passes`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.connect("Ada")
            let frame = #"{"type":"chat","username":"Ada","value":""}"#
            let value = String(repeating: "x", count: 16_384 - frame.utf8.count)
            try client.chat(#""\#(value)""#, as: "Ada")
            #expect(try client.hear().contains(value))
        }
    }

    @Test func `what comes in one read is answered in order, and all before a close arrives`()
        async throws
    {
        try await TestServer.run { (server) async throws in
            let client = try server.connect("A")
            let listener = try server.connect("Bob")
            func chat(_ value: Int) -> [UInt8] {
                let text = #"{"type":"chat","username":"A","value":\#(value)}"#
                return TestWebSocket.frame(1, Array(text.utf8))
            }
            var bytes = chat(1) + chat(2)
            bytes += TestWebSocket.frame(1, Array("{}".utf8)) + chat(3)
            bytes += TestWebSocket.frame(9, [7]) + chat(4)
            bytes += TestWebSocket.frame(8, [0x03, 0xE8]) + chat(5)
            // More would come in two reads.
            #expect(bytes.count <= Limits.readBufferMinimumBytes)
            try client.socket.send(bytes)
            #expect(try client.hear().contains("unknown_type"))
            #expect(try client.hearFrame() == .init(opcode: 10, payload: [7]))
            #expect(try client.hearClose().closeCode == 1000)
            for value in 1...4 {
                #expect(try listener.hear().contains(#""value":\#(value),"seq":\#(value),"#))
            }
            _ = try server.connect("A")
        }
    }

    // MARK: Liveness

    @Test func `a silent client is pinged, and lives as long as it answers`() async throws {
        try await TestServer.run(["ping-interval": "4s", "pong-timeout": "3s"]) {
            (server) async throws in
            let client = try server.connect()
            #expect(try client.hearFrame() == .init(opcode: 9, payload: []))
            try client.send(frame: 10)
            #expect(try client.hearFrame() == .init(opcode: 9, payload: []))
            // Whatever comes shows that it lives.
            try client.say("{}")
            #expect(try client.hearFrame().text.contains("unknown_type"))
            #expect(try client.hearFrame() == .init(opcode: 9, payload: []))
            #expect(try client.hearClose().closeCode == 4005)
        }
    }

    @Test func `a message that is never completed is given up`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.connect()
            try client.socket.send([0x81])
            // After `Limits.messageTimeout`, half of the socket's patience.
            #expect(try client.hearClose().closeCode == 1008)
        }
    }

    // MARK: Sudden ends

    @Test func `who vanishes without a word leaves nothing, and the next ones are told apart`()
        async throws
    {
        try await TestServer.run { server in
            for round in 0..<30 {
                let client = try server.connect()
                if round.isMultiple(of: 2) { client.socket.close() } else { client.socket.reset() }
            }
            try await eventually("nobody is left") { server.node.state.connections == 0 }
            let names = (0..<8).map { "user\($0)" }
            let clients = try names.map { _ in try server.connect() }
            for (client, name) in zip(clients, names) {
                try client.say(#"{"type":"login","username":"\#(name)"}"#)
            }
            for (client, name) in zip(clients, names) {
                #expect(
                    try client.hear() == #"{"type":"logged_in","username":"\#(name)","node":"n1"}"#
                )
            }
            #expect(server.node.state.connections == 8)
        }
    }

    @Test func `who resets right behind the request leaves nothing`() async throws {
        try await TestServer.run { server in
            for _ in 0..<200 {
                let socket = try TestSocket(port: server.port)
                try socket.send(TestWebSocket.request())
                socket.reset()
            }
            try await eventually("nobody is left") { server.node.state.connections == 0 }
        }
    }

    @Test func `who resets while its answers are stuck harms nobody`() async throws {
        try await TestServer.run(["byte-rate": "0"]) { server in
            let witness = try server.connect("Ada")
            let pings = (0..<300).flatMap { _ in
                TestWebSocket.frame(9, Array(repeating: 1, count: 125))
            }
            for _ in 0..<100 {
                let client = try TestWebSocket(port: server.port, receiveBufferBytes: 2048)
                try? client.socket.send(pings)
                client.socket.reset()
            }
            try witness.chat("1", as: "Ada")
            #expect(try witness.hear().contains(#""value":1"#))
            try await eventually("only one is left") { server.node.state.connections == 1 }
        }
    }

    @Test func `who does not read its answers is closed with 4000, and is told`() async throws {
        try await TestServer.run(["byte-rate": "0"]) { server in
            let client = try TestWebSocket(port: server.port, receiveBufferBytes: 2048)
            // Twice what the kernel and the node together keep for it.
            let ping = TestWebSocket.frame(9, Array(repeating: 1, count: 125))
            let pings = (0..<8000).flatMap { _ in ping }
            try client.socket.send(pings)
            // Not sooner, or it would be a client that reads its answers.
            try server.block { $0.writers.contains { $0.isClosing } }
            #expect(try client.hearClose().closeCode == 4000)
        }
    }

    // MARK: Rates

    @Test func `too much at once is told, and goes on after the wait`() async throws {
        try await TestServer.run(["message-rate": "5", "message-burst": "2"]) {
            (server) async throws in
            let client = try server.connect("Ada")
            // At once, or the rate lets the last one in.
            let text = #"{"type":"chat","username":"Ada","value":0}"#
            let frame = TestWebSocket.frame(1, Array(text.utf8))
            try client.socket.send(frame + frame + frame + TestWebSocket.frame(9, []))
            var frames = [try client.hearFrame()]
            while frames.last?.opcode != 10 { frames.append(try client.hearFrame()) }
            let texts = frames.map { String(decoding: $0.payload, as: UTF8.self) }
            let refusal = try #require(texts.last { $0.contains(#""type":"error""#) })
            #expect(refusal.contains(#""username":"Ada""#))
            #expect(refusal.contains(#""code":"rate_limited","retry_ms":"#))
            let retry = try #require(refusal.firstMatch(of: /"retry_ms":(\d+)/)?.output.1)
            let next = try ContinuousClock.now + .milliseconds(#require(Int(retry)))
            try await eventually("the wait is over") { ContinuousClock.now > next }
            try client.chat(#""later""#, as: "Ada")
            let answer = try client.hearText { $0.contains("later") || $0.contains("error") }
            #expect(answer.contains("later"))
        }
    }

    @Test func `a flood is cut, and others notice nothing`() async throws {
        try await TestServer.run(["message-rate": "5", "message-burst": "5"]) {
            (server) async throws in
            let flooder = try server.connect("Eve")
            let other = try server.connect("Ada")
            let flood = (0..<200).flatMap { _ in TestWebSocket.frame(1, Array("{}".utf8)) }
            try flooder.socket.send(flood)
            #expect(try flooder.hearClose().closeCode == 4008)
            try other.chat("1", as: "Ada")
            #expect(try other.hear().contains(#""value":1"#))
        }
    }

    @Test func `a flood of pings is cut too`() async throws {
        try await TestServer.run(["byte-rate": "1000", "byte-burst": "16384"]) {
            (server) async throws in
            let client = try server.connect()
            let pings = (0..<1000).flatMap { _ in
                TestWebSocket.frame(9, Array(repeating: 1, count: 125))
            }
            try client.socket.send(pings)
            #expect(try client.hearClose().closeCode == 4008)
        }
    }
}
