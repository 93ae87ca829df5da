import ChatClient
import ChatCore
import TestSupport
import Testing

/// The client as its users have it, against a real node.
@Suite struct ChatClientTests {
    @Test func `what one client says, both hear, as the receipt says`() async throws {
        let node = try await TestNodeProcess.start()
        let (ada, bob) = (try await connect(node, "Ada"), try await connect(node, "Bob"))
        let rooms = [try await ada.join("tea"), try await bob.join("tea")]
        let first = try await rooms[0].send("hello \"you\"")
        let second = try await rooms[0].send(json: Array(#"{"n":1.50}"#.utf8))
        for room in rooms {
            var iterator = room.makeAsyncIterator()
            let hello = try await message(&iterator)
            #expect(hello.username == "Ada")
            #expect(hello.text == "hello \"you\"")
            #expect(hello.mid == first.mid && hello.seq == first.seq)
            #expect(hello.timestampMs == first.timestampMs)
            let value = try await message(&iterator)
            #expect(value.json == #"{"n":1.50}"# && value.text == nil)
            #expect(value.mid == second.mid)
        }
        await ada.close()
        await bob.close()
    }

    @Test func `a room begins with the messages that were asked for, and older ones are read on`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        for number in 1...10 { try await client.send("\(number)", to: "tea") }
        let room = try await client.join("tea", history: 3)
        var iterator = room.makeAsyncIterator()
        guard case .joined(let joined)? = try await iterator.next() else {
            throw Unexpected("no joined")
        }
        #expect(joined.position.seq == 7)
        for number in 8...10 { #expect(try await message(&iterator).text == "\(number)") }
        #expect(try await iterator.next() == .synced(seq: 10))
        let page = try await room.history(before: 8, limit: 5)
        let texts = page.items.map { event -> String? in
            if case .chat(let message) = event { message.text } else { nil }
        }
        #expect(texts == ["3", "4", "5", "6", "7"])
        #expect(page.hasMore && page.firstSeq == 3)
        await client.close()
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
            throw Unexpected("\(String(describing: error))")
        }
        await ada.close()
        try await other.login("ADA")
        try await other.logout()
        try await other.login("Bob")
    }

    @Test func `what the node would close a client for is refused by the client itself`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        await #expect(throws: ChatClientError.tooLong(limit: Limits.messageBytes)) {
            try await client.send(String(repeating: "x", count: Limits.messageBytes))
        }
        // The longest that is taken, with an id that needs every byte of the envelope or fewer.
        let longest = Limits.messageBytes - Limits.clientKeyBytes - "lobby".utf8.count - 2
        try await client.send(String(repeating: "x", count: longest))
        for json in ["", "{", "1 2", "[" + String(repeating: "[", count: 40)] {
            let error = await #expect(throws: ChatClientError.self) {
                try await client.send(json: Array(json.utf8))
            }
            guard case .refused(code: "bad_json", _) = error else {
                throw Unexpected("\(String(describing: error))")
            }
        }
        let broken = [UInt8(ascii: "\""), 0xFF, UInt8(ascii: "\"")]
        await #expect(
            throws: ChatClientError.refused(code: "bad_json", message: "The value is not UTF-8")
        ) { try await client.send(json: broken) }
        let token = String(repeating: "t", count: Limits.messageBytes)
        await #expect(throws: ChatClientError.tooLong(limit: Limits.messageBytes)) {
            try await client.login("Ada", token: token)
        }
        for (name, code) in [("Tea", "bad_name"), (String(repeating: "a", count: 65), "too_long")] {
            let error = await #expect(throws: ChatClientError.self) { try await client.join(name) }
            guard case .refused(code, _) = error else {
                throw Unexpected("\(String(describing: error))")
            }
        }
        await client.close()
    }

    @Test @MainActor func `calls of one actor are made in their order`() async throws {
        let node = try await TestNodeProcess.start(["--message-rate", "0"])
        let client = try await connect(node, "Ada")
        let sends = (0..<100).map { number in Task.immediate { try await client.send("\(number)") }
        }
        var seqs: [UInt64?] = []
        for send in sends { seqs.append(try await send.value.seq) }
        #expect(seqs == (1...100).map { UInt64($0) })
        await client.close()
    }

    @Test func `the statuses end with the client`() async throws {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        let reader = Task {
            var last: ClientStatus?
            for await status in client.statuses { last = status }
            return last
        }
        await client.close()
        guard case .loggedIn? = await reader.value else { throw Unexpected("no login was told") }
    }

    @Test func `messages beyond the node's rate are said in order, later`() async throws {
        let node = try await TestNodeProcess.start(["--message-rate", "50", "--message-burst", "5"])
        let client = try await connect(node, "Ada")
        let room = try await client.join("tea")
        let count = 60
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count { group.addTask { try await room.send("\(number)") } }
            try await group.waitForAll()
        }
        var iterator = room.makeAsyncIterator()
        var texts: Set<String> = []
        for seq in 1...count {
            let message = try await message(&iterator)
            #expect(message.seq == UInt64(seq))
            texts.insert(message.text ?? "")
        }
        #expect(texts.count == count)
        await client.close()
    }

    @Test func `a client that closes although nothing is read ends at once, and does no more`()
        async throws
    {
        let node = try await TestNodeProcess.start(["--message-rate", "0", "--byte-rate", "0"])
        let (deaf, speaker) = (try await connect(node, "Bob"), try await connect(node, "Ada"))
        let room = try await deaf.join("tea")
        // More than the inbox holds, though the node may be late in delivering the last of them.
        for _ in 0..<8 * Limits.inboxMessages {
            try await speaker.send(String(repeating: "x", count: 500), to: "tea")
        }
        let time = await ContinuousClock().measure { await deaf.close() }
        // Longer than that, and the connection would have been cut.
        #expect(time < Limits.closeTimeout)
        var count = 0
        for try await _ in room { count += 1 }
        #expect(count >= Limits.inboxMessages)
        await #expect(throws: ChatClientError.closed) { try await deaf.login("Bob") }
        await #expect(throws: ChatClientError.closed) { try await deaf.join("tea") }
        await speaker.close()
    }

    @Test func `a cancelled task does not wait any longer`() async throws {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        let room = try await client.join("tea")
        let reader = Task {
            var count = 0
            for try await _ in room { count += 1 }
            return count
        }
        reader.cancel()
        _ = try await reader.value
        node.process.stop()
        let sender = Task { try await client.send("x") }
        try await eventually("it was sent") { try await client.outboxCount() == 1 }
        sender.cancel()
        await #expect(throws: ChatClientError.unknownOutcome) { try await sender.value }
        node.process.signal(18)
        await client.close()
    }

    @Test func `after a restart of its node a client is back under its name, where it was`()
        async throws
    {
        let port = try ReservedPort(in: ReservedPort.nodes)
        let node = try await TestNodeProcess.start(port: port.number)
        let client = try await connect(node, "Ada")
        let room = try await client.join("tea")
        try await room.send("before")
        node.process.signal(15)
        _ = try await node.process.exitCode()
        let sender = Task { try await room.send("after") }
        let again = try await TestNodeProcess.start(port: port.number)
        // A node of its own has forgotten everything: this is another history.
        let receipt = try await sender.value
        #expect(receipt.seq == 1)
        var iterator = room.makeAsyncIterator()
        var joined: [Bool] = []
        while joined.count < 2 {
            if case .joined(let event)? = try await iterator.next() {
                joined.append(event.continues)
            }
        }
        #expect(joined == [false, false])
        #expect(try await message(&iterator).text == "after")
        await client.close()
        withExtendedLifetime(again) {}
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
            throw Unexpected("\(String(describing: noSocket))")
        }
    }
}

/// Returns a client of a node, with a name if one is given.
func connect(_ node: TestNodeProcess, _ name: String? = nil) async throws -> ChatClient {
    let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:\(node.port)"))
    if let name { #expect(try await client.login(name).node == "n1") }
    return client
}

/// Returns the next message of a room.
func message(_ iterator: inout ChatRoom.AsyncIterator) async throws -> ChatMessage {
    while let event = try await iterator.next() {
        if case .chat(let message) = event { return message }
    }
    throw Unexpected("the room is over")
}
