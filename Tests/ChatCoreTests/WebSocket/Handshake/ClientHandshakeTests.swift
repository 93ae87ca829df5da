import Testing

@testable import ChatCore

/// Tests the client's side of the opening handshake.
@Suite struct ClientHandshakeTests {
    /// A generator that makes the same key each time.
    private struct Fixed: RandomNumberGenerator {
        func next() -> UInt64 { 0x0102_0304_0506_0708 }
    }

    private func handshake(subprotocol: String? = nil) -> ClientHandshake {
        var generator = Fixed()
        return ClientHandshake(
            host: "h:4567",
            path: "/ws",
            subprotocol: subprotocol,
            headers: [("Origin", "x")],
            using: &generator
        )
    }

    private func headers(_ request: [UInt8]) -> [String: String] {
        let lines = String(decoding: request, as: UTF8.self).split(separator: "\r\n")
        return Dictionary(
            uniqueKeysWithValues: lines.dropFirst().map { line in
                let parts = line.split(separator: ": ", maxSplits: 1)
                return (parts[0].lowercased(), String(parts[1]))
            }
        )
    }

    private func answer(_ changes: [String: String?] = [:]) -> String {
        let key = headers(handshake().request)["sec-websocket-key"] ?? ""
        var fields: [String: String?] = [
            "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Accept": Handshake.acceptKey(for: key),
        ]
        fields.merge(changes) { $1 }
        let lines = fields.compactMap { name, value in value.map { "\(name): \($0)\r\n" } }
        return "HTTP/1.1 101 Switching Protocols\r\n" + lines.joined() + "\r\n"
    }

    private func consume(
        _ bytes: ArraySlice<UInt8>,
        _ handshake: inout ClientHandshake
    ) throws -> Int? {
        try handshake.consume(bytes.span.bytes)
    }

    private func error(_ answer: String, subprotocol: String? = nil) -> ClientHandshakeError? {
        var handshake = handshake(subprotocol: subprotocol)
        do {
            return try handshake.consume(Array(answer.utf8).span.bytes) == nil
                ? handshake.ended() : nil
        } catch {
            return error
        }
    }

    @Test func `the request is one that a node accepts`() throws {
        let request = handshake().request
        let headers = headers(request)
        #expect(String(decoding: request, as: UTF8.self).hasPrefix("GET /ws HTTP/1.1\r\n"))
        #expect(headers["host"] == "h:4567")
        #expect(headers["origin"] == "x")
        _ = try Handshake.key(method: "GET", version: (1, 1)) { name in
            headers[name.lowercased()].map { [$0] } ?? []
        }
    }

    @Test func `a subprotocol is offered, and the server has to pick it and no other one`() {
        let offered = headers(handshake(subprotocol: "chat.v1").request)
        #expect(offered["sec-websocket-protocol"] == "chat.v1")
        #expect(headers(handshake().request)["sec-websocket-protocol"] == nil)
        let picks = answer(["Sec-WebSocket-Protocol": "chat.v1"])
        #expect(error(picks, subprotocol: "chat.v1") == nil)
        let unasked = "the answer agrees to what was not asked for"
        #expect(error(picks) == .notWebSocket(unasked))
        #expect(error(picks, subprotocol: "chat.v2") == .notWebSocket(unasked))
        let none = ClientHandshakeError.notWebSocket("the server does not speak chat.v1")
        #expect(error(answer(), subprotocol: "chat.v1") == none)
    }

    @Test func `keys are drawn anew`() {
        var generator = SystemRandomNumberGenerator()
        let keys = (0..<100).map { _ in
            headers(ClientHandshake(host: "h", path: "/", using: &generator).request)[
                "sec-websocket-key"
            ]
        }
        #expect(Set(keys).count == 100)
    }

    @Test func `an answer may be split anywhere, and frames may follow it`() throws {
        let whole = Array((answer() + "frames").utf8)
        for split in 0...whole.count {
            var handshake = handshake()
            let first = try consume(whole[..<split], &handshake)
            if split >= whole.count - 6 {
                #expect(first == whole.count - 6)
            } else {
                #expect(first == nil)
                #expect(
                    try consume(whole[split...], &handshake) == whole.count - 6 - split
                )
            }
        }
    }

    @Test(arguments: [
        ("Upgrade", nil), ("Upgrade", "h2c"), ("Connection", nil), ("Connection", "close"),
        ("Sec-WebSocket-Accept", nil), ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("Sec-WebSocket-Extensions", "permessage-deflate"), ("Sec-WebSocket-Protocol", "chat.v1"),
    ])
    func `a 101 without what RFC 6455 demands opens nothing`(field: String, value: String?) {
        guard case .notWebSocket = error(answer([field: value])) else {
            Issue.record("taken for a WebSocket")
            return
        }
    }

    @Test func `fields are found whatever their case`() {
        #expect(
            error(answer(["Upgrade": "WebSocket", "Connection": "keep-alive, UPGRADE"])) == nil
        )
    }

    @Test func `a refusal is told with its status and what the server says`() {
        let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope and more"
        #expect(error(refusal) == .refused(status: 403, body: "nope"))
        // Without a length, the body is everything until the connection ends.
        #expect(error("HTTP/1.1 503 x\r\n\r\nlater") == .refused(status: 503, body: "later"))
        #expect(
            error("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n") == .refused(status: 404, body: "")
        )
        #expect(
            error("HTTP/1.1 400 x\r\nContent-Length: -5\r\n\r\nx")
                == .refused(status: 400, body: "")
        )
    }

    @Test func `a body that does not end is cut`() {
        let long = String(repeating: "x", count: 100_000)
        let expected = String(repeating: "x", count: Limits.answerBodyBytes)
        #expect(error("HTTP/1.1 500 x\r\n\r\n" + long) == .refused(status: 500, body: expected))
    }

    @Test func `an answer that is not HTTP is an error, and so is a head without an end`() {
        #expect(error("SSH-2.0-OpenSSH\r\n\r\n") == .notHTTP("SSH-2.0-OpenSSH\r\n\r\n"))
        #expect(error("HTTP/1.0 101 x\r\n\r\n") == .notHTTP("HTTP/1.0 101 x\r\n\r\n"))
        #expect(error("HTTP/1.1 101 x\r\n") == .endedEarly)
        let endless = String(repeating: "a", count: Limits.answerHeadBytes + 1)
        #expect(error(endless) == .tooLong(limitBytes: Limits.answerHeadBytes))
    }
}
