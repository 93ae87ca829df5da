import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ChatNode

/// The web page's files, as they are embedded and as a node serves them.
@Suite struct PageFileTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/CEmbedded/page")

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8", "ts": "text/plain; charset=utf-8",
    ]

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    /// What a pattern's first group finds in a text.
    private static func captures(_ pattern: String, in text: String) throws -> [String] {
        let whole = NSRange(text.startIndex..., in: text)
        return try NSRegularExpression(pattern: pattern).matches(in: text, range: whole).compactMap
        {
            Range($0.range(at: 1), in: text).map { String(text[$0]) }
        }
    }

    // MARK: The files

    @Test func `every file of the folder is embedded, at a path of its own`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        let paths = names.map { $0 == "index.html" ? "/" : "/\($0)" }
        #expect(Set(paths) == Set(PageFile.all.keys))
        for name in names {
            let content = try Data(contentsOf: Self.folder.appendingPathComponent(name))
            let file = PageFile.all.values.first { $0.name == name }
            #expect(file?.content.readableBytesView.elementsEqual(content) == true, "\(name)")
        }
    }

    @Test func `the document names every file that it needs, by an address relative to its own`()
        throws
    {
        let names = try Self.captures(#"(?:src|href)="([^"]*)""#, in: Self.text("index.html"))
        let files = names.filter { !$0.hasPrefix("data:") }
        let ofPage = Set(PageFile.all.keys).subtracting(["/", "/chatnode.d.ts"])
        #expect(Set(files.map { "/\($0)" }) == ofPage)
        #expect(files.count == Set(files).count)
    }

    @Test func `modules import served files only, and not in circles`() throws {
        var imports: [String: [String]] = [:]
        for path in PageFile.all.keys where path.hasSuffix(".js") {
            let name = String(path.dropFirst())
            let pattern = #"(?m)^import (?:.*from )?'\./([^']*)';$"#
            imports[name] = try Self.captures(pattern, in: Self.text(name))
            let lines = try Self.text(name).split(separator: "\n")
            #expect(imports[name]?.count == lines.count { $0.hasPrefix("import ") }, "\(name)")
        }
        #expect(imports["main.js"]?.isEmpty == false)
        // Each round takes out the modules whose imports are all taken out.
        var left = imports
        while let free = left.first(where: { $0.value.allSatisfy { left[$0] == nil } })?.key {
            for name in imports[free] ?? [] { #expect(imports[name] != nil, "\(free): \(name)") }
            left[free] = nil
        }
        #expect(left.isEmpty, "in circles: \(left.keys.sorted())")
    }

    @Test(arguments: PageFile.all.values.map(\.name).sorted())
    func `no file has what the policy refuses: scripts, styles and handlers in the document`(
        name: String
    ) throws {
        let text = try Self.text(name)
        guard name.hasSuffix(".html") else {
            let forbidden = #"\b(innerHTML|outerHTML|insertAdjacentHTML|eval|document\.write)\b"#
            #expect(try Self.captures(forbidden, in: text) == [])
            return
        }
        #expect(try Self.captures(#"(?i)(<style)"#, in: text) == [])
        #expect(try Self.captures(#"(?i)<[^>]*\s(style|on[a-z]+)\s*="#, in: text) == [])
        #expect(try Self.captures(#"(?i)(javascript:)"#, in: text) == [])
        #expect(try Self.captures(#"(?i)<script[^>]*>([^<]*)"#, in: text) == [""])
        #expect(!text.contains("http-equiv"))
    }

    // MARK: The answers

    @Test
    func `every file is served with its content type, its tag, and word not to guess another type`()
        async throws
    {
        try await TestServer.run { (server) async throws in
            for (path, file) in PageFile.all {
                let answer = try server.get(path + "?x")
                let type = try #require(Self.types[URL(fileURLWithPath: file.name).pathExtension])
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n"))
                #expect(answer.contains("\r\nX-Content-Type-Options: nosniff\r\n"))
                #expect(answer.contains("\r\nCache-Control: no-cache\r\n"))
                #expect(answer.contains("\r\nETag: \(file.tag)\r\n"))
                #expect(answer.hasSuffix("\r\n\r\n" + (try Self.text(file.name))))
                #expect(answer.contains("\r\nContent-Security-Policy: ") == (path == "/"))
            }
        }
    }

    @Test func `the files' tags differ`() {
        #expect(Set(PageFile.all.values.map(\.tag.description)).count == PageFile.all.count)
    }

    @Test func `the document's policy admits scripts and styles from files only`() throws {
        let document = try #require(PageFile.all["/"])
        let policy = document.headers.first { $0.name == "Content-Security-Policy" }?.value
        let directives = try #require(policy).components(separatedBy: "; ")
        for directive in [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
            "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            "require-trusted-types-for 'script'", "trusted-types 'none'",
        ] {
            #expect(directives.contains(directive))
        }
        #expect(policy?.contains("unsafe") == false && policy?.contains("sha256") == false)
    }

    @Test(arguments: ["GET", "HEAD"])
    func `a client that has a file is told so, and sent nothing`(method: String) async throws {
        try await TestServer.run { (server) async throws in
            for (path, file) in PageFile.all {
                for field in ["\(file.tag)", "W/\(file.tag)", "\"x\", \(file.tag)", "*"] {
                    let answer = try Self.ask(server, method, path, field)
                    #expect(answer.hasPrefix("HTTP/1.1 304 Not Modified\r\n"))
                    #expect(answer.hasSuffix("\r\n\r\n") && !answer.contains("\r\nContent-Length:"))
                    #expect(answer.contains("\r\nETag: \(file.tag)\r\n"))
                    #expect(answer.contains("\r\nCache-Control: no-cache\r\n"))
                }
            }
        }
    }

    @Test func `a client that has another version is sent the file`() async throws {
        let document = try #require(PageFile.all["/"])
        try await TestServer.run { (server) async throws in
            for (path, file) in PageFile.all where path != "/" {
                for field in ["\"x\"", "\(document.tag)", "", "\(file.tag.description.dropLast())"]
                {
                    let answer = try Self.ask(server, "GET", path, field)
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(path): \(field)")
                }
            }
        }
    }

    private static func ask(
        _ server: TestServer,
        _ method: String,
        _ path: String,
        _ field: String
    ) throws -> String {
        let fields = "Host: x\r\nConnection: close\r\nIf-None-Match: \(field)\r\n"
        return try server.http("\(method) \(path) HTTP/1.1\r\n\(fields)\r\n")
    }

    @Test func `the connection stays usable after a 304, for a file or a WebSocket`() async throws {
        let style = try #require(PageFile.all["/style.css"])
        try await TestServer.run { (server) async throws in
            let socket = try TestSocket(port: server.port)
            let request = "GET /style.css HTTP/1.1\r\nHost: x\r\n"
            for _ in 0..<2 {
                try socket.send(request + "If-None-Match: \(style.tag)\r\n\r\n")
                #expect(try socket.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 304 "))
            }
            try socket.send("HEAD /style.css HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try socket.read(through: "\r\n\r\n")
            #expect(head.contains("\r\nContent-Length: \(style.content.readableBytes)\r\n"))
            try socket.send(TestWebSocket.request())
            #expect(try socket.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 101 "))
        }
    }

    @Test(arguments: [
        ("GET /index.html", 404), ("GET /style.css/", 404), ("GET /page/style.css", 404),
        ("GET //style.css", 404), ("GET /Style.css", 404), ("GET /style", 404),
        ("GET /style.css%00", 404), ("GET /../page.c", 404), ("GET style.css", 400),
        ("GET http://a/style.css", 200), ("OPTIONS /style.css", 200),
        ("OPTIONS /index.html", 404), ("POST /style.css", 405), ("HEAD /nothing.js", 404),
    ])
    func `a file is found under its own path and in no other way`(request: String, status: Int)
        async throws
    {
        try await TestServer.run { (server) async throws in
            let fields = "Host: x\r\nConnection: close\r\nIf-None-Match: \"x\"\r\n"
            let answer = try server.http("\(request) HTTP/1.1\r\n\(fields)\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        }
    }

    @Test func `a tag is no condition where no file is`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try Self.ask(server, "GET", "/nothing", "*").hasPrefix("HTTP/1.1 404 "))
            #expect(try Self.ask(server, "GET", "/readyz", "*").hasPrefix("HTTP/1.1 200 "))
            #expect(try Self.ask(server, "OPTIONS", "/", "*").hasPrefix("HTTP/1.1 200 "))
        }
    }
}
