import ChatCore
import Glibc
import NIOCore
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

/// The first request of a connection, which no HTTP parser sees where it is the usual one.
@Suite struct UpgradeFastPathTests {
    private static let usual = TestWebSocket.request(headers: ["Origin: http://127.0.0.1"])

    /// What the node says to a connection that begins with these bytes and ends behind them: all of
    /// a refusal, the head of a consent.
    private func answer(to bytes: [UInt8], on socket: TestSocket) throws -> String {
        try socket.send(bytes)
        guard shutdown(socket.descriptor, CInt(SHUT_WR)) == 0 else {
            throw Unexpected("shutdown: errno \(errno)")
        }
        let answer = String(decoding: try socket.readToEnd(), as: UTF8.self)
        guard answer.hasPrefix("HTTP/1.1 101 "), let end = answer.firstRange(of: "\r\n\r\n") else {
            return answer
        }
        return String(answer[..<end.upperBound])
    }

    /// The same of bytes that are a connection's second request, which always goes to the parser.
    private func parsersAnswer(to bytes: [UInt8], _ server: TestServer) throws -> String {
        let socket = try TestSocket(port: server.port)
        try socket.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try socket.read(through: "ok\n")
        return try answer(to: bytes, on: socket)
    }

    private func expectAgreement(on bytes: [UInt8], _ server: TestServer) throws -> Bool {
        let first = try answer(to: bytes, on: try TestSocket(port: server.port))
        let second = try parsersAnswer(to: bytes, server)
        #expect(
            first == second,
            "seed \(Seed.value): \(String(decoding: bytes, as: UTF8.self).debugDescription)"
        )
        return first.hasPrefix("HTTP/1.1 101 ")
    }

    @Test func `a WebSocket has one handler, by whichever way it came`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let usual = try server.connect()
            let httpHandler = try TestSocket(port: server.port)
            try httpHandler.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try httpHandler.read(through: "ok\n")
            try httpHandler.send(TestWebSocket.request())
            _ = try httpHandler.read(through: "\r\n\r\n")
            // The decoder leaves behind the turn that it was told in.
            try await eventually("each has one handler") {
                let pipelines = try await server.node.hub.fromEach { shard in
                    shard.rooms[.lobby]?.table(of: .plain).slots.compactMap {
                        shard.connection(at: $0)?.context?.pipeline.debugDescription
                    } ?? []
                }[0]
                // A line for itself, one for the directions, one for each handler.
                return pipelines.count == 2
                    && pipelines.allSatisfy { $0.split(separator: "\n").count == 3 }
            }
            usual.socket.close()
            httpHandler.close()
        }
    }

    // MARK: With and without a parser

    private static let oddities = [
        ("GET /ws", "GET /"), ("GET /ws", "GET /ws?a=%20&b"), ("GET /ws", "GET /ws?a#b"),
        ("GET /ws", "GET http://127.0.0.1/ws"), ("GET /ws", "GET ws://127.0.0.1"),
        ("GET /ws", "GET WS://127.0.0.1?x"), ("GET /ws", "OPTIONS /ws"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEC=="), ("127.0.0.1\r\n", "x\r\n"),
        ("GET /ws", "GET /elsewhere"), ("GET /ws", "GET /style.css"), ("GET /ws", "GET /main.js?a"),
        ("GET /ws", "HEAD /style.css"), ("GET /ws", "OPTIONS /style.css"),
        ("Upgrade: websocket", "If-None-Match: *"),
        ("GET /ws", "\r\nGET /ws"), ("GET /ws", "POST /ws"), ("GET /ws", "HEAD /ws"),
        ("HTTP/1.1", "HTTP/1.0"), ("HTTP/1.1", "HTTP/9.9"), ("HTTP/1.1\r\n", "HTTP/1.1\n"),
        ("Upgrade: websocket", "upgrade:WebSocket"), ("Upgrade: websocket", "Upgrade:   websocket"),
        ("Upgrade: websocket", "Upgrade: websocket \t"), ("Upgrade: websocket", "Upgrade: h2c"),
        ("Upgrade: websocket", "Upgrade: h2c, websocket"),
        ("Upgrade: websocket", "Upgrade: websocket\r\nUpgrade: websocket"),
        ("Upgrade: websocket", "Upgrade: websocket\r\nContent-Length: 0"),
        ("Upgrade: websocket", "Upgrade: websocket\r\nContent-Length: 5"),
        ("Upgrade: websocket", "Upgrade: websocket\r\nTransfer-Encoding: chunked"),
        ("Upgrade: websocket", "Upgrade: web\r\n socket"),
        ("Upgrade: websocket", "Upgrade: websocket\r\nX: é"),
        ("Upgrade: websocket", "Upgrade: websocket\nX: y"),
        ("Upgrade: websocket", "Upgrade: websocket\r\nX Y: z"),
        ("Upgrade: websocket", "Upgrade : websocket"), ("Upgrade: websocket", "Upgrade"),
        ("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
        ("Connection: Upgrade", "Connection: close, upgrade"),
        ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"),
        ("Connection: Upgrade", "Connection: close"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 013"),
        ("ZQ==", "ZR=="), ("ZQ==", "Z+=="), ("ZQ==", "ZQ== "),
        ("Host: 127.0.0.1", "Host:"), ("Host: 127.0.0.1", "Host: a\r\nHost: a"),
        ("Host: 127.0.0.1\r\n", ""), ("http://127.0.0.1", "https://evil.example"),
        ("http://127.0.0.1", "null"), ("http://127.0.0.1", "http://127.0.0.1\r\nOrigin: null"),
    ]

    @Test func `odd requests get the same answer with and without a parser`() async throws {
        try await TestServer.run { server in
            #expect(try expectAgreement(on: Array(Self.usual.utf8), server))
            for (usual, odd) in Self.oddities {
                let range = try #require(Self.usual.firstRange(of: usual))
                let request =
                    Self.usual[..<range.lowerBound] + odd + Self.usual[range.upperBound...]
                _ = try expectAgreement(on: Array(request.utf8), server)
            }
        }
    }

    @Test func `heads at the limits get the same answer with and without a parser`() async throws {
        try await TestServer.run { server in
            let before = Self.usual.dropLast("\r\n".count)
            let fields = before.split(separator: "\r\n").count - 1
            for count in (Limits.requestHeaders - 1)...(Limits.requestHeaders + 1) {
                let more = String(repeating: "a: b\r\n", count: count - fields)
                _ = try expectAgreement(on: Array((before + more + "\r\n").utf8), server)
            }
            // The parser counts names and values, not what stands between.
            let limit = Limits.requestHeadBytes
            for length in stride(from: limit - 600, to: limit + 300, by: 37) {
                let more = "a: " + String(repeating: "b", count: length - before.utf8.count)
                _ = try expectAgreement(on: Array((before + more + "\r\n\r\n").utf8), server)
            }
        }
    }

    @Test func `mutated requests get the same answer with and without a parser`() async throws {
        try await TestServer.run(["handshake-timeout": "60s"]) { server in
            var random = Seed.generator
            var accepted = 0
            let rounds = 600
            for _ in 0..<rounds {
                var bytes = Array(Self.usual.utf8)
                for _ in 0...random.below(2) { mutate(&bytes, &random) }
                if try expectAgreement(on: bytes, server) { accepted += 1 }
            }
            // Neither all of them nor none, or nothing would have been compared.
            #expect(accepted > rounds / 20 && accepted < rounds, "\(accepted)")
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        let telling = Array(" \t\r\n:,;?#%=/AaZz09+-_\u{0}~".utf8) + [0x7F, 0x80, 0xFF]
        let place = random.below(bytes.count)
        switch random.below(6) {
        case 0: bytes[place] = telling[random.below(telling.count)]
        case 1: bytes[place] ^= 0x20
        case 2: bytes.insert(telling[random.below(telling.count)], at: place)
        case 3: bytes.remove(at: place)
        case 4: bytes.removeSubrange(place..<min(place + 1 + random.below(20), bytes.count))
        default:
            let end = min(place + 1 + random.below(40), bytes.count)
            bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
        }
    }

    // MARK: In pieces

    @Test func `a request in any two pieces is understood, and what is behind it is not lost`()
        async throws
    {
        // Of one loop, which sees things in the order in which they come. The witness is to stay.
        try await TestServer.run(["loops": "1", "handshake-timeout": "1h"]) { server in
            let witness = try TestSocket(port: server.port)
            let login = TestWebSocket.frame(1, Array(#"{"type":"login","username":"Ada"}"#.utf8))
            let bytes = Array(Self.usual.utf8) + login
            for count in stride(from: 1, to: bytes.count, by: 7) {
                let state = server.node.state
                try await eventually("only the witness is left") { state.connections == 1 }
                let socket = try TestSocket(port: server.port)
                try await eventually("the connection is accepted") { state.connections == 2 }
                try socket.send(Array(bytes[..<count]))
                // The turn that accepts a connection also registers it, so the later one that
                // answers the witness has the piece among its events, perhaps behind the witness's.
                // At the second answer, of yet another turn, the piece has been read by itself.
                for _ in 0..<2 {
                    try witness.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                    _ = try witness.read(through: "ok\n")
                }
                try socket.send(Array(bytes[count...]))
                let answer = try socket.read(through: "\r\n\r\n")
                let client = TestWebSocket(upgraded: socket, answer: answer)
                #expect(try client.hear().contains("logged_in"))
                try client.send(frame: 8)
                _ = try client.hearClose()
                socket.close()
            }
        }
    }
}
