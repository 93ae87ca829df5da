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
        var clients: [ChatClient] = []
        for (index, node) in cluster.nodes.enumerated() {
            let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:\(node.port)/ws"))
            #expect(try await client.login("user\(index)") == node.label)
            clients.append(client)
        }
        let all = clients.count * count
        let heard = try await withThrowingTaskGroup(of: [String].self) { group in
            for (index, client) in clients.enumerated() {
                group.addTask { [count] in
                    for number in 0..<count { try await client.send("\(index): \(number)") }
                    return try await chats(all, of: client)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (index, _) in clients.enumerated() {
            let own = heard[0].filter { $0.hasPrefix("\"\(index): ") }
            #expect(own == (0..<count).map { "\"\(index): \($0)\"" })
        }
        #expect(heard.allSatisfy { $0 == heard[0] })
        for client in clients { await client.close() }
        withExtendedLifetime(cluster) {}
    }

    /// Returns a number of values, by their places in the order.
    private func chats(_ count: Int, of client: ChatClient) async throws -> [String] {
        var values: [String] = []
        for try await message in client.messages where message.type == "chat" {
            values.append(message.value ?? "")
            #expect(message.seq == UInt64(values.count))
            if values.count == count { break }
        }
        return values
    }

    @Test func `a name that is held at another node is taken`() async throws {
        let cluster = try await TestCluster.start(nodes: 2)
        let urls = try cluster.nodes.map { try ChatURL("ws://127.0.0.1:\($0.port)/ws") }
        let ada = try await ChatClient.connect(to: urls[0])
        let other = try await ChatClient.connect(to: urls[1])
        try await ada.login("Ada")
        let error = await #expect(throws: ChatClientError.self) { try await other.login("ADA") }
        guard case .loginFailed("taken", _) = error else { throw Unexpected("\(error as Any)") }
        await ada.close()
        // It is free after its holder's end has reached the node.
        try await eventually("the name is free") {
            do {
                try await other.login("ADA")
                return true
            } catch ChatClientError.loginFailed("taken", _) {
                return false
            }
        }
        await other.close()
        withExtendedLifetime(cluster) {}
    }
}
