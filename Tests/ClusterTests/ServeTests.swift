import Foundation
import TestSupport
import Testing

/// The command as a person meets it: its output, its exit codes, its signals.
@Suite struct ServeTests {
    private func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws
        -> (code: Int, output: String)
    {
        let process = try TestProcess(TestProcess.chatnode, arguments, environment: environment)
        return (try await process.exitCode(), process.output)
    }

    @Test func `a node that has started says where it is`() async throws {
        let node = try await TestNodeProcess.start()
        let output = node.process.output
        #expect(output.contains("  node n1  pid \(node.process.pid)  loops "))
        #expect(output.contains("clients  ws://127.0.0.1:\(node.port)/ws"))
        _ = try TestWebSocket(port: node.port)
    }

    @Test func `a node says where operators ask it, and removes that socket when it leaves`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let socket = node.adminSocket
        let line = "  metrics  curl --unix-socket \(socket) http://localhost/metrics\n"
        #expect(node.process.output.contains(line))
        #expect(try node.scrape().value("chatnode_ready") == 1)
        #expect(try node.get("/metrics").hasPrefix("HTTP/1.1 404 "))
        node.process.signal(SIGTERM)
        #expect(try await node.process.exitCode() == 0)
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func `a node that leaves at once removes its socket, and a killed node's does no harm`()
        async throws
    {
        let hasty = try await TestNodeProcess.start(["--drain-delay", "1m"])
        hasty.process.signal(SIGTERM)
        try await eventually("it drains") { hasty.process.output.contains("draining 0 clients") }
        hasty.process.signal(SIGTERM)
        _ = try await hasty.process.exitCode()
        #expect(!FileManager.default.fileExists(atPath: hasty.adminSocket))
        let port = try ReservedPort(in: ReservedPort.nodes)
        let killed = try await TestNodeProcess.start(port: port.number)
        killed.process.signal(SIGKILL)
        _ = try await killed.process.exitCode()
        #expect(FileManager.default.fileExists(atPath: killed.adminSocket))
        let next = try await TestNodeProcess.start(port: port.number)
        #expect(try next.scrape().value("chatnode_ready") == 1)
    }

    @Test func `a second node on a port takes nothing from the first`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let (code, output) = try await run(["--port", "\(node.port)"])
        #expect(code == 75)
        #expect(output.contains("error: cannot listen on 127.0.0.1:\(node.port): another process"))
        #expect(try node.scrape().value("chatnode_ready") == 1)
        // Nor does it make a socket for operators if the first has none.
        let quiet = try await TestNodeProcess.start(["--admin", "none"])
        _ = try await run(["--port", "\(quiet.port)"])
        #expect(!FileManager.default.fileExists(atPath: quiet.adminSocket))
    }

    @Test func `a place for operators that is taken is reported with a way out`() async throws {
        let node = try await TestNodeProcess.start()
        let place = "unix:\(node.adminSocket)"
        let (code, output) = try await run(["--port", "0", "--admin", place])
        #expect(code == 75)
        let path = node.adminSocket
        #expect(output.contains("error: cannot listen for operators at \(path): another process"))
        #expect(output.contains("--admin none"))
        #expect(try node.scrape().value("chatnode_ready") == 1)
    }

    @Test func `a node without a place for operators makes no socket`() async throws {
        let node = try await TestNodeProcess.start(["--admin", "none"])
        #expect(!node.process.output.contains("  metrics  "))
        #expect(!FileManager.default.fileExists(atPath: node.adminSocket))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `the first signal lets clients leave in good order`(signal: CInt) async throws {
        let node = try await TestNodeProcess.start()
        let client = try TestWebSocket(port: node.port)
        try client.login("Ada")
        node.process.signal(signal)
        #expect(try client.hearClose().closeCode == 1001)
        client.socket.close()
        #expect(try await node.process.exitCode() == 0)
        #expect(node.process.output.contains("stopped: 1 closed cleanly, 0 forced"))
    }

    @Test func `the second signal leaves at once`() async throws {
        let node = try await TestNodeProcess.start(["--drain-delay", "1m"])
        node.process.signal(SIGTERM)
        try await eventually("it drains") { node.process.output.contains("draining 0 clients") }
        node.process.signal(SIGTERM)
        #expect(try await node.process.exitCode() == 128 + Int(SIGTERM))
    }

    @Test func `a client that does not leave is cut when the time is up`() async throws {
        let node = try await TestNodeProcess.start(["--drain-timeout", "250ms"])
        let deaf = try TestWebSocket(port: node.port, receiveBufferBytes: 4096)
        node.process.signal(SIGTERM)
        #expect(try await node.process.exitCode() == 0)
        #expect(node.process.output.contains("stopped: 0 closed cleanly, 1 forced"))
        _ = deaf
    }

    @Test func `a port that is taken is reported with a way out`() async throws {
        let node = try await TestNodeProcess.start()
        let (code, output) = try await run(["--port", "\(node.port)"])
        #expect(code == 75)
        #expect(output.contains("error: cannot listen on 127.0.0.1:\(node.port): another process"))
        #expect(output.contains("--port \(node.port + 1)"))
    }

    @Test func `a host that is not this machine's, or unknown, is reported`() async throws {
        let far = try await run(["--host", "192.0.2.1", "--port", "0"])
        #expect(far.code == 78)
        #expect(far.output.contains("this machine does not have that address"))
        let nobody = try await run(["--host", "no..body", "--port", "0"])
        #expect(nobody.code == 68)
        #expect(nobody.output.contains("no..body"))
    }

    @Test func `a node listens on all addresses of a name`() async throws {
        let node = try await TestNodeProcess.start(["--host", "localhost"])
        #expect(node.process.output.contains("  page     http://localhost:\(node.port)/\n"))
        var wish = addrinfo()
        wish.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        #expect(getaddrinfo("localhost", "\(node.port)", &wish, &first) == 0)
        defer { freeaddrinfo(first) }
        var next = first
        while let place = next?.pointee {
            let client = socket(place.ai_family, place.ai_socktype, 0)
            defer { close(client) }
            #expect(connect(client, place.ai_addr, place.ai_addrlen) == 0, "\(place.ai_family)")
            next = place.ai_next
        }
    }

    @Test func `a wrong flag, variable or file ends with what is wrong and where`() async throws {
        let flag = try await run(["--message-rate", "abc"])
        #expect(flag.code == 64)
        #expect(flag.output.contains("message-rate"))
        #expect(flag.output.contains("abc"))
        let variable = try await run(["--port", "0"], ["CHAT_PROT": "1"])
        #expect(variable.code == 78)
        #expect(variable.output.contains("CHAT_PROT"))
        let missing = try await run(["--config", "/nowhere/chat.yaml"])
        #expect(missing.code == 78)
        #expect(missing.output.contains("/nowhere/chat.yaml"))
    }

    @Test func `a file is obeyed, under the environment and the flags`() async throws {
        let path = NSTemporaryDirectory() + "chatnode-\(UUID()).yaml"
        try "node-id: from-file\nhandshake-timeout: 1s\nport: 1\n".write(
            toFile: path,
            atomically: true,
            encoding: .utf8
        )
        defer { try? FileManager.default.removeItem(atPath: path) }
        let process = try TestProcess(
            TestProcess.chatnode,
            ["--config", path, "--port", "0"],
            environment: ["CHAT_NODE_ID": "from-environment"]
        )
        try await eventually { process.output.contains("ready in ") }
        #expect(process.output.contains("  node from-environment  "))
    }

    @Test func `help and version are there`() async throws {
        let help = try await run(["--help"])
        #expect(help.code == 0)
        #expect(help.output.contains("EXAMPLES"))
        let settings = try await run(["serve", "--help"])
        #expect(settings.code == 0)
        #expect(settings.output.contains("--message-rate"))
        #expect(settings.output.contains("CHAT_MESSAGE_RATE"))
        let version = try await run(["--version"])
        #expect(version.code == 0)
        #expect(version.output.hasPrefix("chatnode 0."))
    }
}
