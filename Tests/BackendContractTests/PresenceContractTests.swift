import ChatCore
import TestSupport
import Testing

/// Who is present in a room, as every backend tells it.
@Suite(.serialized) struct PresenceContractTests {
    private static let kinds = TestedBackend.allCases

    /// Waits until each loop was told last that these names, and no others, are present in the lobby.
    private func expect(_ names: [String], _ nodes: [TestedNode]) async throws {
        let list = names.map { #""\#($0)""# }.joined(separator: ",")
        let expected = #""members":[\#(list)],"count":\#(names.count)}"#
        try await eventually("all loops are told \(expected)") {
            nodes.flatMap(\.records).allSatisfy {
                $0.now.presence[.lobby]?.last?.hasSuffix(expected) == true
            }
        }
    }

    @Test(arguments: kinds)
    func `every loop is told who is present in the lobby`(kind: TestedBackend) async throws {
        try await withNodes(kind.make()) { nodes in
            let (first, last) = (nodes[0], nodes[nodes.count - 1])
            #expect(try await first.claim("Anna", by: 1, on: 0) == .granted())
            #expect(try await last.claim("Bert", by: 2, on: 1) == .granted())
            try await expect(["Anna", "Bert"], nodes)
            let anna = try Username("Anna")
            try await first.on(0) { $0.release(anna, by: SocketID(slot: 1, generation: 0)) }
            try await expect(["Bert"], nodes)
        }
    }

    @Test(arguments: kinds)
    func `a name joins a room with its proof, and every loop that hears the room is told`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(), count: 1) { nodes in
            let node = nodes[0]
            let answer = try await node.answer(on: 0) { registration, random in
                let move = PresenceCall.Move(
                    username: Self.mallory,
                    login: LoginID(using: &random),
                    fence: 1,
                    producer: ProducerID(using: &random),
                    joined: [.lobby]
                )
                return .presence(
                    PresenceCall(
                        epoch: registration.epoch,
                        incarnation: registration.incarnation,
                        moves: [move]
                    )
                )
            }
            #expect(answer == .presence(.verdicts([.fenced])))
            try await expect([], nodes)
        }
    }

    private static let mallory: Username = {
        guard let name = try? Username("mallory") else { preconditionFailure("a valid name") }
        return name
    }()
}
