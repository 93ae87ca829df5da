import ChatClient
import ChatCore
import TestSupport
import Testing

/// A room as its reader has it, against a real node.
@Suite struct ChatRoomTests {
    /// More than an inbox and the sockets hold, so that the node waits for the reader: less than a room's
    /// history keeps (1,000 messages, 1 MiB), and more.
    @Test(arguments: [(900, 1000), (2500, 2000)])
    func `a client whose reader is slow hears everything, or of a gap`(count: Int, bytes: Int)
        async throws
    {
        let node = try await TestNodeProcess.start(["--message-rate", "0", "--byte-rate", "0"])
        let (slow, speaker) = (try await connect(node, "Bob"), try await connect(node, "Ada"))
        let room = try await slow.join("tea")
        let text = String(repeating: "x", count: bytes)
        for _ in 0..<count { try await speaker.send(text, to: "tea") }
        var last: UInt64 = 0
        var lost = 0
        for try await event in room {
            switch event {
            case .chat(let message):
                guard message.seq == last + 1 else { throw Unexpected("\(event) after \(last)") }
                last += 1
            case .gap(let numbers):
                guard numbers.lowerBound == last + 1 else {
                    throw Unexpected("\(event) after \(last)")
                }
                lost += numbers.count
                last = numbers.upperBound
            default: break
            }
            if last == count { break }
        }
        #expect(count > 1000 || lost == 0)
        await slow.close()
        await speaker.close()
    }

    @Test func `a client that is in a room which it does not read can speak there all the same`()
        async throws
    {
        let node = try await TestNodeProcess.start(["--message-rate", "0", "--byte-rate", "0"])
        let client = try await connect(node, "Ada")
        let room = try await client.join("tea")
        let count = 2 * Limits.inboxMessagesInCalls
        for number in 1...count { try await room.send("\(number)") }
        // It has left the room meanwhile, and goes on from there: with a gap, because less is kept.
        var last: UInt64 = 0
        var returns = 0
        for try await event in room {
            switch event {
            case .joined(let joined): returns += joined.continues ? 1 : 0
            case .chat(let message):
                guard message.seq == last + 1, message.text == "\(last + 1)" else {
                    throw Unexpected("\(event) after \(last)")
                }
                last += 1
            case .gap(let numbers):
                guard numbers.lowerBound == last + 1 else {
                    throw Unexpected("\(event) after \(last)")
                }
                last = numbers.upperBound
            default: break
            }
            if last == count { break }
        }
        #expect(returns == 1)
        await client.close()
    }

    @Test func `a reader that is behind can read older messages between two events`() async throws {
        let node = try await TestNodeProcess.start(["--message-rate", "0", "--byte-rate", "0"])
        let client = try await connect(node, "Ada")
        let room = try await client.join("tea")
        // More than wait in calls, so that the client has left the room when its reader begins.
        let count = Limits.inboxMessagesInCalls + Limits.inboxMessages
        for number in 1...count { try await room.send("\(number)") }
        var iterator = room.makeAsyncIterator()
        for _ in 0..<3 { _ = try await iterator.next() }
        let page = try await room.history(limit: 1)
        #expect(page.firstSeq == UInt64(count))
        var last: UInt64 = 0
        while last < count {
            switch try await iterator.next() {
            case .chat(let message)?: last = message.seq ?? 0
            case .gap(let numbers)?: last = numbers.upperBound
            case nil: throw Unexpected("the room is over")
            default: break
            }
        }
        await client.close()
    }

    @Test func `a reason that is too long is refused by the client, and the longest is taken`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        let room = try await client.join("tea")
        try await room.send("x")
        var iterator = room.makeAsyncIterator()
        let message = try await message(&iterator)
        let longest = String(repeating: "r", count: Limits.removalReasonBytes - 2)
        await #expect(throws: ChatClientError.tooLong(limit: Limits.removalReasonBytes)) {
            try await room.remove(message, reason: longest + "r")
        }
        try await room.remove(message, reason: longest)
        await client.close()
    }

    @Test func `a room that is released is left`() async throws {
        let node = try await TestNodeProcess.start()
        let client = try await connect(node, "Ada")
        do { _ = try await client.join("tea") }
        try await eventually("it can be joined again") {
            do {
                _ = try await client.join("tea")
                return true
            } catch ChatClientError.alreadyJoined {
                return false
            }
        }
        await client.close()
    }
}
