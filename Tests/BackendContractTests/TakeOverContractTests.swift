import ChatCore
import TestSupport
import Testing

/// Names that are taken over and that linger, over every backend.
@Suite struct TakeOverContractTests {
    private static func socket(_ slot: Int32) -> SocketID { SocketID(slot: slot, generation: 0) }

    /// Claims a name for a login that can be taken over, and returns its outcome: the secret, and the
    /// number that the name goes on with.
    private static func login(
        _ node: TestedNode,
        by slot: Int32,
        on index: Int,
        proof: LoginSecret? = nil
    ) async throws -> (secret: LoginSecret, resumedAt: UInt64?) {
        let outcome = try await node.claim("anna", by: slot, on: index, proof: .some(proof))
        guard case .granted(let secret?, let resumedAt) = outcome else {
            throw Unexpected("\(outcome)")
        }
        return (secret, resumedAt)
    }

    @Test(arguments: TestedBackend.allCases)
    func `a name is taken over on another loop, and the login before is told`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make()) { nodes in
            let last = nodes[nodes.count - 1]
            let first = try await Self.login(nodes[0], by: 1, on: 0)
            #expect(first.resumedAt == nil)
            try await nodes[0].sayAccepted("one", by: 1, on: 0)
            let second = try await Self.login(last, by: 2, on: 1, proof: first.secret)
            #expect(second.resumedAt == 1)
            try await eventually("the login before is told") {
                nodes[0].records[0].now.replaced == [Self.socket(1)]
            }
            #expect(last.records[1].now.replaced == [])
            try await last.on(1) { $0.say("two", by: Self.socket(2)) }
            try await eventually("the new login's message is accepted as its second") {
                guard case .accepted(let place) = last.records[1].now.settled["\"two\""] else {
                    return false
                }
                return place.mid.n == 2
            }
            // On the same loop, too.
            let third = try await Self.login(last, by: 3, on: 1, proof: second.secret)
            #expect(third.resumedAt == 2)
            try await eventually("the second login is told") {
                last.records[1].now.replaced == [Self.socket(2)]
            }
        }
    }

    @Test(arguments: TestedBackend.allCases)
    func `a name lingers for its user, and is others' when that ends`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make()) { nodes in
            let last = nodes[nodes.count - 1]
            let anna = try Username("anna")
            let first = try await Self.login(nodes[0], by: 1, on: 0)
            try await nodes[0].on(0) {
                $0.linger(for: .seconds(60))
                $0.release(anna, by: Self.socket(1), .linger)
            }
            #expect(try await last.claim("anna", by: 2, on: 1) == .taken())
            let second = try await Self.login(last, by: 3, on: 1, proof: first.secret)
            #expect(second.resumedAt == 0)
            try await last.on(1) {
                $0.linger(for: .milliseconds(50))
                $0.release(anna, by: Self.socket(3), .linger)
            }
            try await eventually("the name is free") {
                if case .granted = try await last.claim("anna", by: 4, on: 0) {
                    true
                } else {
                    false
                }
            }
            #expect(nodes[0].records[0].now.replaced == [], "it had no socket any more")
            #expect(
                try await nodes[0].claim("anna", by: 5, on: 0, proof: .some(second.secret))
                    == .taken()
            )
        }
    }

    @Test(arguments: TestedBackend.allCases)
    func `a node that leaves gives up what lingers, and its users still come back`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make()) { nodes in
            let last = nodes[nodes.count - 1]
            let anna = try Username("anna")
            let first = try await Self.login(nodes[0], by: 1, on: 0)
            try await nodes[0].sayAccepted("one", by: 1, on: 0)
            try await nodes[0].on(0) {
                $0.linger(for: .seconds(60))
                $0.release(anna, by: Self.socket(1), .linger)
                $0.leaveNode()
            }
            try await eventually("the name is its user's, and nobody's else") {
                let outcome = try await last.claim(
                    "anna",
                    by: 2,
                    on: 1,
                    proof: .some(first.secret)
                )
                guard case .granted(_, resumedAt: 1) = outcome else { return false }
                return true
            }
            #expect(nodes[0].records[0].now.replaced == [])
        }
    }
}
