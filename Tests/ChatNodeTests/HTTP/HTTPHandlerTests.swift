import ChatCore
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

/// Plain HTTP, and how it becomes a WebSocket.
@Suite struct HTTPHandlerTests {
    @Test func `the page is served, and may not be framed or load anything`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try server.get("/")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("Content-Type: text/html; charset=utf-8\r\n"))
            #expect(answer.contains("frame-ancestors 'none'"))
            #expect(answer.contains("default-src 'none'"))
            #expect(answer.contains("</html>"))
        }
    }

    @Test func `health and readiness are told apart`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try server.get("/healthz").hasPrefix("HTTP/1.1 200 "))
            #expect(try server.get("/readyz").hasPrefix("HTTP/1.1 200 "))
            server.node.state.readiness = .draining
            #expect(try server.get("/healthz").hasPrefix("HTTP/1.1 200 "))
            #expect(try server.get("/readyz").hasPrefix("HTTP/1.1 404 "))
            server.node.state.readiness = .starting
            #expect(try server.get("/readyz").hasPrefix("HTTP/1.1 503 "))
        }
    }

    @Test func `the WebSocket's address in a browser says what is missing`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try server.get("/ws?x=1")
            #expect(answer.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
            #expect(answer.contains("Upgrade: websocket\r\n"))
            #expect(answer.contains("proxy"))
        }
    }

    @Test(arguments: [
        ("http://127.0.0.1/healthz", 200), ("HTTP://127.0.0.1/healthz", 200),
        ("http://ada:secret@127.0.0.1/healthz", 200), ("http://127.0.0.1", 200),
        ("http://127.0.0.1?x=/nothing", 200), ("ws://127.0.0.1:1", 200), ("WS://a", 200),
        ("ws://a@b?x", 200), ("ws://127.0.0.1/ws", 426), ("http://127.0.0.1/nothing", 404),
        ("http://127.0.0.1//", 404), ("//127.0.0.1/healthz", 404), ("/?a=http://b", 200),
        ("*", 404),
    ])
    func `a request may name the whole address, with or without a path`(
        target: String,
        status: Int
    ) async throws {
        try await TestServer.run { (server) async throws in
            #expect(try server.get(target).hasPrefix("HTTP/1.1 \(status) "))
        }
    }

    @Test(arguments: ["ws://127.0.0.1:4567", "ws://127.0.0.1?x=1", "WSS://a@127.0.0.1/ws"])
    func `a WebSocket is opened at a whole address, too`(target: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestWebSocket(port: server.port, path: target)
            try client.login("Ada")
        }
    }

    @Test func `the host of a whole address goes before the field`() async throws {
        try await TestServer.run { (server) async throws in
            let origin = "Origin: https://chat.example"
            _ = try TestWebSocket(
                port: server.port,
                path: "wss://ada@chat.example/ws",
                headers: [origin]
            )
            #expect(throws: Unexpected.self) {
                try TestWebSocket(port: server.port, path: "wss://a.example", headers: [origin])
            }
        }
    }

    @Test(arguments: [
        ("/", 200), ("/ws", 200), ("/healthz?x", 200), ("/readyz", 200), ("*", 200),
        ("http://127.0.0.1", 200), ("/nothing", 404), ("/metrics", 404), ("/*", 404),
    ])
    func `OPTIONS is answered with what is allowed, where something is`(
        target: String,
        status: Int
    ) async throws {
        try await TestServer.run { (server) async throws in
            // As HAProxy asks, whose `option httpchk` takes HTTP/1.0 and no Host.
            for end in ["HTTP/1.0", "HTTP/1.1\r\nHost: x\r\nConnection: close"] {
                let answer = try server.http("OPTIONS \(target) \(end)\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
                let isAllowed = answer.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n")
                #expect(isAllowed == (status == 200))
            }
        }
    }

    @Test func `OPTIONS asks for readiness as GET does`() async throws {
        try await TestServer.run { (server) async throws in
            server.node.state.readiness = .draining
            let request = "OPTIONS /readyz HTTP/1.0\r\n\r\n"
            #expect(try server.http(request).hasPrefix("HTTP/1.1 404 "))
            server.node.state.readiness = .starting
            #expect(try server.http(request).hasPrefix("HTTP/1.1 503 "))
        }
    }

    @Test func `what is not there is not found, and only GET and HEAD are answered`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try server.get("/etc/passwd").hasPrefix("HTTP/1.1 404 "))
            let head = try server.http("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(head.hasSuffix("\r\n\r\n"))
            let put = try server.http("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(put.hasPrefix("HTTP/1.1 405 "))
            #expect(put.contains("Allow: GET, HEAD, OPTIONS\r\n"))
            let post = try server.http(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
            )
            #expect(post.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `what is no HTTP is refused, and too much of it`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try server.http("nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
            let much = String(repeating: "x", count: Limits.requestHeadBytes + 1)
            let long = "GET / HTTP/1.1\r\nX: \(much)\r\n\r\n"
            #expect(try server.http(long).hasPrefix("HTTP/1.1 431 "))
            let target = "GET /\(much) HTTP/1.1\r\n\r\n"
            #expect(try server.http(target).hasPrefix("HTTP/1.1 431 "))
            let fields = String(repeating: "a: b\r\n", count: Limits.requestHeaders + 1)
            let many = "GET / HTTP/1.1\r\n\(fields)\r\n"
            #expect(try server.http(many).hasPrefix("HTTP/1.1 431 "))
        }
    }

    @Test func `a line of 8,000 bytes is taken, with as much as browsers send beside it`()
        async throws
    {
        // RFC 9112 §3. Cookies of one site are 4 KiB each (RFC 6265 §6.1), and often one long one.
        let before = "GET /ws?"
        let after = " HTTP/1.1\r\n"
        let query = String(repeating: "q", count: 8000 - before.utf8.count - after.utf8.count)
        let cookie = "Cookie: a=" + String(repeating: "c", count: 4096)
        let fields = (0..<20).map { "X-Field-\($0): \(String(repeating: "v", count: 100))" }
        try await TestServer.run { (server) async throws in
            let client = try TestWebSocket(
                port: server.port,
                path: "/ws?\(query)",
                headers: fields + [cookie]
            )
            try client.login("Ada")
            let page = "GET /?\(query)q" + after + "Host: x\r\nConnection: close\r\n"
            let request = page + (fields + [cookie]).joined(separator: "\r\n") + "\r\n\r\n"
            #expect(try server.http(request).hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test(arguments: ["/", "/ws", "/ws?token=x"])
    func `a handshake is accepted on both paths`(path: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestWebSocket(port: server.port, path: path)
            // RFC 6455 §1.3 has this key and its answer.
            #expect(
                client.answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
            )
            try client.login("Ada")
        }
    }

    @Test(arguments: [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: short", 400),
        ("Connection: Upgrade", "Connection: keep-alive", 400),
        ("GET /ws HTTP/1.1", "POST /ws HTTP/1.1", 405),
        ("GET /ws HTTP/1.1", "GET /elsewhere HTTP/1.1", 404),
        ("Upgrade: websocket", "Upgrade: h2c", 426),
        ("Host: 127.0.0.1", "Host: 127.0.0.1\r\nOrigin: https://evil.example", 403),
        ("Host: 127.0.0.1", "Host: 127.0.0.1\r\nOrigin: null", 403),
        ("Host: 127.0.0.1", "Host: 127.0.0.1\r\nOrigin: file://", 403),
    ])
    func `a handshake that is wrong is refused`(right: String, wrong: String, status: Int)
        async throws
    {
        try await TestServer.run { (server) async throws in
            let request = TestWebSocket.request()
            guard let range = request.firstRange(of: right) else {
                Issue.record("the request has no \(right)")
                return
            }
            let answer = try server.http(request.replacingCharacters(range, with: wrong))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        }
    }

    @Test(arguments: ["http://127.0.0.1", "http://localhost:3000", "https://good.example"])
    func `pages of this node, of this machine and of the list are admitted`(origin: String)
        async throws
    {
        try await TestServer.run(["allowed-origins": "https://good.example"]) {
            (server) async throws in
            let client = try TestWebSocket(port: server.port, headers: ["Origin: \(origin)"])
            try client.login("Ada")
        }
    }

    @Test(arguments: [
        ["https://evil.example:8443"], ["null"], ["file://"], ["none"], [""], ["https://é.example"],
        ["null", "null"], ["--port 1"],
    ])
    func `a page that is refused is admitted by what the refusal says`(origins: [String])
        async throws
    {
        let request = TestWebSocket.request(headers: origins.map { "Origin: \($0)" })
        let refusal = try await TestServer.run { (server) async throws in
            try server.http(request)
        }
        #expect(refusal.hasPrefix("HTTP/1.1 403 "))
        let flag = "--allowed-origins "
        let start = try #require(refusal.firstRange(of: flag)).upperBound
        let value = refusal[start...].prefix { !$0.isWhitespace }
        let word = value.hasPrefix("'") ? value.dropFirst().dropLast() : value
        try await TestServer.run(["allowed-origins": String(word)]) { (server) async throws in
            let client = try TestSocket(port: server.port)
            try client.send(request)
            #expect(try client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 101 "))
        }
    }

    @Test func `any request of a connection may be upgraded, not only the first`() async throws {
        try await TestServer.run { (server) async throws in
            let socket = try TestSocket(port: server.port)
            for _ in 0..<3 {
                try socket.send("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                #expect(try socket.read(through: "ready\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
            try socket.send(TestWebSocket.request())
            let answer = try socket.read(through: "\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 101 "))
            try TestWebSocket(upgraded: socket, answer: answer).login("Ada")
        }
    }

    @Test func `what comes right behind the request is not lost`() async throws {
        try await TestServer.run { (server) async throws in
            let login = Array(#"{"type":"login","username":"Ada"}"#.utf8)
            let client = try TestWebSocket(port: server.port, early: TestWebSocket.frame(1, login))
            #expect(try client.hear().contains("logged_in"))
        }
    }

    @Test func `a request that comes a byte at a time is understood`() async throws {
        try await TestServer.run { (server) async throws in
            let socket = try TestSocket(port: server.port)
            for byte in TestWebSocket.request().utf8 { try socket.send([byte]) }
            let answer = try socket.read(through: "\r\n\r\n")
            try TestWebSocket(upgraded: socket, answer: answer).login("Ada")
        }
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\nHo", "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"])
    func `a connection that does not become a WebSocket is cut in time`(said: String) async throws {
        try await TestServer.run(["handshake-timeout": "1s"]) { (server) async throws in
            let socket = try TestSocket(port: server.port)
            try socket.send(said)
            // Bounded by the socket's own patience.
            _ = try socket.readToEnd()
            #expect(socket.isAtEnd)
        }
    }

    @Test func `a node that is full says so, and takes clients again when there is room`()
        async throws
    {
        try await TestServer.run(["max-connections": "2"]) { (server) async throws in
            var clients = [try server.connect("Ada"), try server.connect("Grace")]
            #expect(throws: Unexpected.self) { try server.connect() }
            clients.removeLast()
            try await eventually { (try? server.connect("Grace")) != nil }
        }
    }
}

extension String {
    fileprivate func replacingCharacters(_ range: Range<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
