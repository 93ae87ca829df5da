import ChatClient
import ChatCore
import TestSupport
import Testing

/// A cluster as a Swift program sees it.
@Suite struct LibraryTests {
    /// The number of messages of each client: as many as a node takes of one at once.
    private let count = 20

    @Test(.timeLimit(.minutes(1)))
    func `programs at three nodes hear everything once, in one order`() async throws {
        let cluster = try await TestCluster.start(nodes: 3)
        var rooms: [ChatRoom] = []
        for (index, node) in cluster.nodes.enumerated() {
            let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:\(node.port)/ws"))
            #expect(try await client.login("user\(index)").node == node.label)
            rooms.append(try await client.join("tea"))
        }
        let all = rooms.count * count
        let heard = try await withThrowingTaskGroup(of: [ChatMessage].self) { group in
            for (index, room) in rooms.enumerated() {
                group.addTask { [count] in
                    for number in 0..<count { try await room.send("\(index): \(number)") }
                    return try await room.messages(all)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(heard[0].map(\.seq) == (1...UInt64(all)).map(Optional.init))
        for (index, _) in rooms.enumerated() {
            let own = heard[0].compactMap(\.text).filter { $0.hasPrefix("\(index): ") }
            #expect(own == (0..<count).map { "\(index): \($0)" })
        }
        #expect(heard.allSatisfy { $0 == heard[0] })
        withExtendedLifetime(cluster) {}
    }

    @Test func `a name that is held at another node is taken, and free once its holder has closed`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2)
        let urls = try cluster.nodes.map { try ChatURL("ws://127.0.0.1:\($0.port)/ws") }
        let ada = try await ChatClient.connect(to: urls[0])
        let other = try await ChatClient.connect(to: urls[1])
        try await ada.login("Ada")
        let error = await #expect(throws: ChatClientError.self) { try await other.login("ADA") }
        guard case .loginFailed("taken", _) = error else { throw Unexpected("\(error as Any)") }
        await ada.close()
        try await other.login("ADA")
        await other.close()
        withExtendedLifetime(cluster) {}
    }

    @Test(.timeLimit(.minutes(2)))
    func `behind a balancer a client outlives its nodes: nothing is lost, nothing is doubled`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 3, flags: ["--message-rate", "0"])
        let balancer = try await TestBalancer.start(nodes: cluster.nodes)
        let url = try ChatURL("ws://127.0.0.1:\(balancer.port)/ws")
        let speaker = try await ChatClient.connect(to: url)
        var node = try await speaker.login("Ada").node
        let listener = try await ChatClient.connect(to: url)
        try await listener.login("Bob")
        let (own, other) = (try await speaker.join("tea"), try await listener.join("tea"))
        let (rounds, perRound) = (4, 50)
        let all = rounds * perRound
        async let heardByOwn = own.messages(all)
        async let heardByOther = other.messages(all)
        var receipts: [Receipt] = []
        for round in 0..<rounds {
            if round > 0 { node = try await nextLogin(of: speaker, after: round) }
            let index = try #require(cluster.nodes.firstIndex { $0.label == node })
            try await withThrowingTaskGroup(of: Receipt.self) { group in
                for number in 0..<perRound {
                    group.addTask { try await own.send("\(round): \(number)") }
                }
                if round < rounds - 1 { try await cluster.kill(index) }
                for try await receipt in group { receipts.append(receipt) }
            }
            if round < rounds - 1 { try await cluster.restart(index) }
        }
        // Each call has ended with a receipt, so the outbox is empty. One whose `ack` was lost names no `mid`.
        #expect(receipts.count == all)
        let mids = receipts.compactMap(\.mid)
        #expect(Set(mids).count == mids.count)
        let (heard, heardToo) = (try await heardByOwn, try await heardByOther)
        #expect(heard == heardToo)
        #expect(heard.map(\.seq) == (1...UInt64(all)).map(Optional.init))
        #expect(Set(heard.compactMap(\.mid)).isSuperset(of: mids))
        let said = (0..<rounds).flatMap { round in (0..<perRound).map { "\(round): \($0)" } }
        #expect(Set(heard.compactMap(\.text)) == Set(said))
        await speaker.close()
        await listener.close()
        withExtendedLifetime((cluster, balancer)) {}
    }

    /// Returns the node of the login with a number; the first one is numbered 0.
    private func nextLogin(
        of client: ChatClient,
        after round: Int
    ) async throws -> String {
        for await status in client.statuses {
            if case .loggedIn(let login) = status, login.isResumed { return login.node }
        }
        throw Unexpected("the client has ended in round \(round)")
    }
}

extension ChatRoom {
    /// Reads a number of messages, and fails if anything was lost or replaced.
    fileprivate func messages(_ count: Int) async throws -> [ChatMessage] {
        var messages: [ChatMessage] = []
        for try await event in self {
            switch event {
            case .chat(let message): messages.append(message)
            case .gap, .reset: throw Unexpected("\(event)")
            default: break
            }
            if messages.count == count { break }
        }
        return messages
    }
}
