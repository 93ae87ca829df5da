import Testing

@testable import ChatCore

@Suite struct HandshakeTests {
    /// The request of RFC 6455, section 1.3, with some fields replaced; an empty list removes a
    /// field.
    private static func headers(_ changes: [String: [String]] = [:]) -> (String) -> [String] {
        let fields = [
            "host": ["server.example.com"],
            "upgrade": ["websocket"],
            "connection": ["Upgrade"],
            "sec-websocket-key": ["dGhlIHNhbXBsZSBub25jZQ=="],
            "sec-websocket-version": ["13"],
        ]
        let changed = fields.merging(changes) { $1 }
        return { changed[$0.lowercased()] ?? [] }
    }

    private func error(
        method: String = "GET",
        version: (Int, Int) = (1, 1),
        _ changes: [String: [String]] = [:]
    ) -> HandshakeError? {
        do {
            _ = try Handshake.key(
                method: method,
                version: version,
                headers: Self.headers(changes)
            )
            return nil
        } catch {
            return error
        }
    }

    @Test func `the example of RFC 6455 is answered as it says`() throws {
        let key = try Handshake.key(
            method: "GET",
            version: (1, 1),
            headers: Self.headers()
        )
        let answer = Handshake.answer(key.span.bytes, key: key.indices, subprotocol: nil)
        let lines = [
            "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "", "",
        ]
        #expect(String(decoding: answer, as: UTF8.self) == lines.joined(separator: "\r\n"))
        #expect(
            Handshake.acceptKey(for: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        )
    }

    @Test func `a key whose unused bits are not zero is taken, and answered as it was sent`() throws
    {
        // The example of RFC 6455, section 4.1; its answer computed with sha1sum and base64 of
        // coreutils.
        let key = "AQIDBAUGBwgJCgsMDQ4PEC=="
        let taken = try Handshake.key(
            method: "GET",
            version: (1, 1),
            headers: Self.headers(["sec-websocket-key": [key]])
        )
        let answer = Handshake.answer(taken.span.bytes, key: taken.indices, subprotocol: nil)
        let accept = "\r\nSec-WebSocket-Accept: OfS0wDaT5NoxF2gqm7Zj2YtetzM=\r\n"
        #expect(String(decoding: answer, as: UTF8.self).contains(accept))
    }

    @Test(arguments: [
        ("upgrade", ["WebSocket"]), ("upgrade", ["h2c, websocket"]),
        ("upgrade", ["h2c", "websocket"]),
        ("connection", ["keep-alive, Upgrade"]), ("connection", ["keep-alive", "upgrade"]),
        ("connection", ["keep-alive,\t UPGRADE ,x"]), ("connection", [",,upgrade"]),
    ])
    func `a token may stand anywhere in its list, in any case`(field: String, values: [String]) {
        #expect(error([field: values]) == nil)
    }

    @Test(
        arguments: [
            ("host", [], .host), ("host", ["a", "b"], .host), ("host", [""], .host),
            ("upgrade", [], .notUpgrade), ("upgrade", ["h2c"], .notUpgrade),
            ("upgrade", ["websockets"], .notUpgrade), ("upgrade", ["web socket"], .notUpgrade),
            ("upgrade", [""], .notUpgrade), ("upgrade", ["websoc\u{212A}et"], .notUpgrade),
            ("connection", [], .connection), ("connection", ["keep-alive"], .connection),
            ("connection", ["upgraded"], .connection),
            ("connection", ["keep-alive upgrade"], .connection),
            ("sec-websocket-version", [], .version), ("sec-websocket-version", ["8"], .version),
            ("sec-websocket-version", ["13", "13"], .version),
            ("sec-websocket-version", ["13, 8"], .version),
            ("sec-websocket-version", ["013"], .version),
            ("sec-websocket-key", [], .key), ("sec-websocket-key", [""], .key),
            (
                "sec-websocket-key", ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="], .key
            ),
            ("sec-websocket-key", ["dGhlIHNhbXBsZSBub25jZQ"], .key),
            ("sec-websocket-key", ["dGhlIHNhbXBsZSBub25jZQ= "], .key),
            ("sec-websocket-key", ["dGhlIHNhbXBsZSBub25j"], .key),
            ("sec-websocket-key", ["dGhlIHNhbXBsZSBub25jZXM="], .key),
            ("sec-websocket-key", ["dGhlIHNhbXBsZSBub25jZXNz"], .key),
            ("sec-websocket-key", ["dGhlIHNhbXBsZSBub25j_Q=="], .key),
        ] as [(String, [String], HandshakeError)]
    )
    func `a request that lacks something is refused for it`(
        field: String,
        values: [String],
        expected: HandshakeError
    ) {
        #expect(error([field: values]) == expected)
    }

    @Test func `other methods and old versions of HTTP are refused`() {
        #expect(error(method: "POST") == .method)
        #expect(error(method: "get") == .method)
        #expect(error(version: (1, 0)) == .httpVersion)
        #expect(error(version: (0, 9)) == .httpVersion)
        #expect(error(version: (2, 0)) == nil)
    }

    @Test(
        arguments: [
            (HandshakeError.method, 405), (.httpVersion, 505), (.host, 400), (.notUpgrade, 426),
            (.connection, 400), (.version, 426), (.key, 400),
        ] as [(HandshakeError, Int)]
    )
    func `every refusal has its status and a sentence`(error: HandshakeError, status: Int) {
        #expect(error.status == status)
        #expect(error.reason.hasSuffix("."))
    }

    @Test func `a refusal says what would be accepted`() {
        #expect(HandshakeError.version.fields.contains { $0 == ("Sec-WebSocket-Version", "13") })
        #expect(HandshakeError.notUpgrade.fields.contains { $0 == ("Upgrade", "websocket") })
        #expect(HandshakeError.method.fields.contains { $0 == ("Allow", "GET") })
    }

    @Test func `a plain request, or one for another protocol, is no upgrade`() {
        let plain =
            ["upgrade": [], "connection": [], "sec-websocket-key": []] as [String: [String]]
        #expect(!Handshake.isUpgrade(headers: Self.headers(plain)))
        #expect(
            !Handshake.isUpgrade(
                headers: Self.headers(["upgrade": ["h2c"], "sec-websocket-key": []])
            )
        )
        #expect(Handshake.isUpgrade(headers: Self.headers()))
        #expect(Handshake.isUpgrade(headers: Self.headers(["sec-websocket-key": []])))
    }

    @Test func `a request whose Upgrade a proxy has removed is still meant as one`() {
        #expect(Handshake.isUpgrade(headers: Self.headers(["upgrade": [], "connection": []])))
    }
}
