import ChatClient
import ChatCore
import TestSupport
import Testing

/// The client as its users have it, against a real node.
@Suite struct ChatClientTests {
    private func connect(_ node: TestNodeProcess, _ name: String? = nil) async throws -> ChatClient
    {
        let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:\(node.port)"))
        if let name { #expect(try await client.login(name) == "n1") }
        return client
    }

    @Test func `what one client sends, both hear`() async throws {
        let node = try await TestNodeProcess.start()
        let ada = try await connect(node, "Ada")
        let bob = try await connect(node, "Bob")
        try await ada.send("hello \"you\"")
        try await ada.send(json: Array(#"{"n":1.50}"#.utf8))
        for client in [ada, bob] {
            var messages = client.messages.makeAsyncIterator()
            let first = try #require(try await messages.next())
            #expect(first.type == "chat")
            #expect(first.username == "Ada")
            #expect(first.value == #""hello \"you\"""#)
            let second = try #require(try await messages.next())
            #expect(second.value == #"{"n":1.50}"#)
            #expect(second.seq == first.seq.map { $0 + 1 })
        }
        await ada.close()
        await bob.close()
    }

    @Test
    func `a name that is taken is refused with a reason, and free when its holder has closed`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let ada = try await connect(node, "Ada")
        let other = try await connect(node)
        let error = await #expect(throws: ChatClientError.self) { try await other.login("ADA") }
        guard case .loginFailed(reason: "taken", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await ada.close()
        try await eventually("the name is free") { (try? await other.login("ADA")) != nil }
    }

    @Test func `a client that is refused another name goes on under the old one`() async throws {
        let node = try await TestNodeProcess.start()
        let ada = try await connect(node, "Ada")
        let bob = try await connect(node, "Bob")
        await #expect(throws: ChatClientError.self) { try await bob.login("Ada") }
        try await bob.send("still here")
        var messages = bob.messages.makeAsyncIterator()
        let heard = try #require(try await messages.next())
        #expect(heard.type == "chat")
        #expect(heard.username == "Bob")
        await ada.close()
    }

    @Test func `a client whose inbox is full hears the answer to its close frame`() async throws {
        let node = try await TestNodeProcess.start(["--message-rate", "0", "--byte-rate", "0"])
        let deaf = try await connect(node)
        let speaker = try await connect(node, "Ada")
        // More than an inbox holds and one read takes (64 KiB), less than a node keeps (1 MiB).
        let text = String(repeating: "x", count: 500)
        var echoes = speaker.messages.makeAsyncIterator()
        for _ in 0..<3 * Limits.inboxMessages {
            try await speaker.send(text)
            _ = try await echoes.next()
        }
        let time = await ContinuousClock().measure { await deaf.close() }
        // Longer than that, and the connection would have been cut.
        #expect(time < Limits.closeTimeout)
        await speaker.close()
    }

    @Test func `a refusal comes with the messages`() async throws {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node)
        try await client.send("nobody")
        var messages = client.messages.makeAsyncIterator()
        let answer = try #require(try await messages.next())
        #expect(answer.type == "error")
        #expect(answer.code == "wrong_username" || answer.code == "not_logged_in")
    }

    @Test func `a client that closes hears the end, and can do nothing any more`() async throws {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        await client.close()
        for try await message in client.messages { Issue.record("\(message)") }
        await #expect(throws: ChatClientError.self) { try await client.send("x") }
        await #expect(throws: ChatClientError.self) { try await client.login("Ada") }
    }

    @Test func `an end that was not asked for is thrown with its code`() async throws {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        node.process.signal(15)
        let error = await #expect(throws: ChatClientError.self) {
            for try await _ in client.messages {}
        }
        guard case .ended(.closed(let code, _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(code == .goingAway)
    }

    @Test func `a missing listener or WebSocket is reported`() async throws {
        let node = try await TestNodeProcess.start()
        let nowhere = await #expect(throws: ChatClientError.self) {
            try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:1"))
        }
        #expect(nowhere == .ended(.unreachable("Connection refused")))
        let noSocket = await #expect(throws: ChatClientError.self) {
            try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:\(node.port)/nowhere"))
        }
        guard case .ended(.handshake(.refused(status: 404, _))) = noSocket else {
            Issue.record("\(String(describing: noSocket))")
            return
        }
    }

    @Test func `a client that does not read is not sent more than fits, and is told so in the end`()
        async throws
    {
        let node = try await TestNodeProcess.start(["--message-rate", "0", "--byte-rate", "0"])
        let deaf = try await connect(node)
        let speaker = try await connect(node, "Ada")
        // 8 MB: more than a node keeps for a client that is behind (1 MiB), and than both sockets'
        // buffers hold. Each message is received before the next one leaves, or the sender would be
        // behind too.
        let text = String(repeating: "x", count: 8000)
        let count = 1000
        var echoes = speaker.messages.makeAsyncIterator()
        for _ in 0..<count {
            try await speaker.send(text)
            _ = try await echoes.next()
        }
        var heard = 0
        let error = await #expect(throws: ChatClientError.self) {
            for try await message in deaf.messages where message.type == "chat" { heard += 1 }
        }
        #expect(
            error == .ended(.closed(.tooSlow, reason: "too slow: more than 1 MiB behind"))
                || heard < count
        )
        #expect(heard < count)
    }
}
