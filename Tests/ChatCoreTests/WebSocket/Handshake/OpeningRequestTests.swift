import TestSupport
import Testing

@testable import ChatCore

@Suite struct OpeningRequestTests {
    private typealias Reading = OpeningRequest.Reading

    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private static let fields = [
        "Host: chat.example:8080", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: \(key)", "Sec-WebSocket-Version: 13",
    ]

    private static func head(_ fields: [String], line: String = "GET /ws HTTP/1.1") -> String {
        ([line] + fields).joined(separator: "\r\n") + "\r\n\r\n"
    }

    private func read(_ text: String) -> Reading {
        OpeningRequest.read(Array(text.utf8).span.bytes)
    }

    private func text(_ range: Range<Int>?, in head: String) -> String? {
        range.map { String(decoding: Array(head.utf8)[$0], as: UTF8.self) }
    }

    /// The request of a browser (Firefox 128, with a cookie).
    private static let firefox = head(
        [
            "Host: chat.example", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko",
            "Accept: */*", "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br",
            "Sec-WebSocket-Version: 13", "Origin: https://chat.example",
            "Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Key: \(key)",
            "Connection: keep-alive, Upgrade", "Cookie: a=b; c=\"d e\"", "X-Empty:",
            "Sec-Fetch-Mode: websocket", "Upgrade: websocket",
        ],
        line: "GET /ws?room=lobby&token=a%20b HTTP/1.1"
    )

    @Test func `the usual request is read, with the places of its values`() throws {
        for (head, host, origin) in [
            (Self.head(Self.fields), "chat.example:8080", nil),
            (Self.firefox, "chat.example", "https://chat.example"),
        ] as [(String, String, String?)] {
            guard case .whole(let request) = read(head + "frames") else {
                Issue.record("not read: \(head)")
                continue
            }
            #expect(request.length == head.utf8.count)
            #expect(text(request.key, in: head) == Self.key)
            #expect(text(request.host, in: head) == host)
            #expect(text(request.origin, in: head) == origin)
        }
    }

    @Test func `every beginning of the usual request is incomplete`() {
        for head in [Self.head(Self.fields), Self.firefox] {
            for count in 0..<head.utf8.count {
                let beginning = String(head.utf8.prefix(count)) ?? ""
                #expect(read(beginning) == .incomplete, "after \(count) bytes")
            }
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1", "GET /? HTTP/1.1", "GET /?a HTTP/1.1", "GET /ws?a=b HTTP/1.1",
    ])
    func `the page's address and the WebSocket's are right, with or without a query`(line: String) {
        guard case .whole = read(Self.head(Self.fields, line: line)) else {
            Issue.record("not read: \(line)")
            return
        }
    }

    @Test(arguments: [
        "POST /ws HTTP/1.1", "get /ws HTTP/1.1", "GET /w HTTP/1.1", "GET /wsx HTTP/1.1",
        "GET /ws/ HTTP/1.1", "GET ws HTTP/1.1", "GET http://a/ws HTTP/1.1", "GET /ws HTTP/1.0",
        "GET /ws HTTP/2.0", "GET /ws http/1.1", "GET  /ws HTTP/1.1", "GET /ws  HTTP/1.1",
        "GET /ws HTTP/1.1 ", "GET /ws#a HTTP/1.1", "GET /ws?a#b HTTP/1.1", "GET /ws?é HTTP/1.1",
        "GET /ws?a\tb HTTP/1.1", "\r\nGET /ws HTTP/1.1", "GET /healthz HTTP/1.1",
    ])
    func `another request line is left to the HTTP parser`(line: String) {
        #expect(read(Self.head(Self.fields, line: line)) == .other)
    }

    @Test(arguments: [
        "Host: b", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: \(key)", "Content-Length: 0", "Transfer-Encoding: chunked",
        "X : a", ": a", "X", "X: a ", "X: a\tb", "X: é", "X: a\u{0}", "X: a\r b", "X: a\r\n b",
        "X: a\n", "X/Y: a", "ÿ: a", "\tX: a", " X: a",
    ])
    func `a field too many, or an unusual one, is left to the HTTP parser`(field: String) {
        for index in 0...Self.fields.count {
            var fields = Self.fields
            fields.insert(field, at: index)
            #expect(read(Self.head(fields)) == .other, "at \(index)")
        }
    }

    @Test func `a missing field, or one with another value, is left to the HTTP parser`() {
        for index in Self.fields.indices {
            var fields = Self.fields
            fields.remove(at: index)
            #expect(read(Self.head(fields)) == .other)
        }
        for (index, value) in [
            (0, "Host:"), (1, "Upgrade: h2c"), (1, "Upgrade: h2c, websocket"),
            (2, "Connection: keep-alive"), (2, "Connection: close, Upgrade"),
            (3, "Sec-WebSocket-Key: short"), (4, "Sec-WebSocket-Version: 8"),
            (4, "Sec-WebSocket-Version: 13, 8"),
        ] {
            var fields = Self.fields
            fields[index] = value
            #expect(read(Self.head(fields)) == .other, "\(value)")
        }
    }

    @Test(arguments: [
        "AQIDBAUGBwgJCgsMDQ4PEC==", "AQIDBAUGBwgJCgsMDQ4PEA==", "/////////////////////w==",
    ])
    func `any key that decodes to 16 bytes is read`(key: String) {
        var fields = Self.fields
        fields[3] = "Sec-WebSocket-Key: \(key)"
        let head = Self.head(fields)
        guard case .whole(let request) = read(head) else {
            Issue.record("not read: \(key)")
            return
        }
        #expect(text(request.key, in: head) == key)
    }

    @Test func `two origins are left to the HTTP parser`() {
        #expect(read(Self.head(Self.fields + ["Origin: a", "origin: a"])) == .other)
    }

    @Test func `the head is bounded, complete or not`() {
        let most = Array(repeating: "a: b", count: Limits.requestHeaders - Self.fields.count)
        #expect(read(Self.head(Self.fields + most)) != .other)
        #expect(read(Self.head(Self.fields + most + ["a: b"])) == .other)
        let rest = Limits.requestHeadBytes - Self.head(Self.fields + ["a: "]).utf8.count
        let longest = Self.head(Self.fields + ["a: " + String(repeating: "b", count: rest)])
        #expect(longest.utf8.count == Limits.requestHeadBytes)
        #expect(read(longest) != .other)
        #expect(read(String(longest.dropLast(2))) == .incomplete)
        let longer = Self.head(Self.fields + ["a: " + String(repeating: "b", count: rest + 1)])
        #expect(read(longer) == .other)
        #expect(read("GET /?" + String(repeating: "a", count: Limits.requestHeadBytes)) == .other)
    }

    @Test func `the usual request is answered as RFC 6455 says`() throws {
        let bytes = Array(Self.head(Self.fields).utf8)
        guard case .whole(let request) = OpeningRequest.read(bytes.span.bytes) else {
            Issue.record("not read")
            return
        }
        let answer = Handshake.answer(bytes.span.bytes, key: request.key, subprotocol: nil)
        #expect(
            String(decoding: answer, as: UTF8.self)
                == Self.head(
                    [
                        "Upgrade: websocket", "Connection: Upgrade",
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                    ],
                    line: "HTTP/1.1 101 Switching Protocols"
                )
        )
    }
}
