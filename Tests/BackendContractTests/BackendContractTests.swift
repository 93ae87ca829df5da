import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// What every backend promises to the loops of its nodes.
@Suite(.serialized) struct BackendContractTests {
    private static let kinds = TestedBackend.allCases

    @Test func `every backend of the program is tested here`() {
        let tested = Set(TestedBackend.allCases.map(\.rawValue))
        #expect(tested.isSuperset(of: BackendKind.all.map(\.name)))
    }

    // MARK: Names

    @Test(arguments: kinds)
    func `a name is granted to one login of all loops and nodes`(kind: TestedBackend) async throws {
        try await withNodes(kind.make()) { nodes in
            let names = (0..<20).map { "user\($0)" }
            for (slot, name) in names.enumerated() {
                let username = try Username(name)
                let socket = SocketID(slot: Int32(slot), generation: 0)
                for node in nodes {
                    for index in node.records.indices {
                        try await node.on(index) { $0.claim(username, by: socket) }
                    }
                }
            }
            let records = nodes.flatMap(\.records)
            try await eventually("all claims have an outcome") {
                records.allSatisfy { $0.now.claims.count == names.count }
            }
            for (slot, name) in names.enumerated() {
                let socket = SocketID(slot: Int32(slot), generation: 0)
                for node in nodes {
                    for (index, record) in node.records.enumerated() {
                        guard case .unavailable = record.now.claims[socket] else { continue }
                        _ = try await node.claim(name, by: socket.slot, on: index)
                    }
                }
                let outcomes = records.map { $0.now.claims[socket] }
                #expect(outcomes.count { $0 == .granted() } == 1)
                #expect(outcomes.count { $0 == .taken() } == records.count - 1)
            }
        }
    }

    @Test(arguments: kinds)
    func `a released name is granted to another loop`(kind: TestedBackend) async throws {
        try await withNodes(kind.make()) { nodes in
            let first = nodes[0]
            let last = nodes[nodes.count - 1]
            #expect(try await first.claim("anna", by: 1, on: 0) == .granted())
            #expect(try await last.claim("anna", by: 2, on: 1) == .taken())
            let anna = try Username("anna")
            try await first.on(0) { $0.release(anna, by: SocketID(slot: 1, generation: 0)) }
            // Not at once: a release that a cut has lost is sent again.
            try await eventually("the name is granted again") {
                try await last.claim("anna", by: 2, on: 1) == .granted()
            }
            #expect(try await first.claim("anna", by: 3, on: 0) == .taken())
        }
    }

    @Test(arguments: kinds)
    func `each of a thousand claims of one turn gets its own verdict`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(), count: 1) { nodes in
            let node = nodes[0]
            #expect(try await node.claim("taken", by: -1, on: 1) == .granted())
            let taken = try Username("taken")
            let names = try (0..<1000).map { try Username("user\($0)") }
            let asked = ContinuousClock.now
            try await node.on(0) { loop in
                for (slot, name) in names.enumerated() {
                    let socket = SocketID(slot: Int32(slot), generation: 0)
                    loop.claim(slot % 3 == 0 ? taken : name, by: socket)
                }
            }
            try await eventually("all claims have an outcome") {
                node.records[0].now.claims.count == names.count
            }
            let isCut = node.records[0].now.disconnects > 0
            let isLate = ContinuousClock.now - asked >= Limits.claimPatience
            for (socket, outcome) in node.records[0].now.claims {
                // A cut lets those wait that have no answer, not longer than their clients do.
                if isCut, case .unavailable = outcome { continue }
                if isLate, case .crowded = outcome { continue }
                #expect(outcome == (socket.slot % 3 == 0 ? .taken() : .granted()))
            }
        }
    }

    @Test(arguments: kinds)
    func `a name that is claimed twice in one call is granted to the first login`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(), count: 1) { nodes in
            let answer = try await nodes[0].answer(on: 0) { registration, random in
                let (epoch, incarnation) = (registration.epoch, registration.incarnation)
                return .claims(Self.claims(epoch, incarnation, &random, count: 2))
            }
            guard case .claims(.verdicts(let verdicts)) = answer else {
                throw Unexpected("\(answer)")
            }
            // The first is also taken if a cut has lost the answer to an earlier call of this test.
            let isRepeated = nodes[0].records[0].now.disconnects > 0
            if !isRepeated { #expect(verdicts.first?.isGranted == true) }
            #expect(verdicts.last == .taken)
        }
    }

    // MARK: Messages

    @Test(arguments: kinds)
    func `accepted messages reach all loops once and in one order`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make()) { nodes in
            try await talk(nodes)
            let records = nodes.flatMap(\.records)
            for record in records {
                #expect(record.now.delivered == records[0].now.delivered)
            }
        }
    }

    @Test(arguments: kinds)
    func `a call that the store turns down is answered, and nothing of it is delivered`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(), count: 1) { nodes in
            let node = nodes[0]
            let stranger = try await node.answer(on: 0) { registration, random in
                let unknown = Incarnation(using: &random)
                return .claims(Self.claims(registration.epoch, unknown, &random))
            }
            #expect(stranger == .claims(.unregistered))
            let late = try await node.answer(on: 0) { registration, random in
                let epoch = Epoch(number: 1, dataSet: "other")
                return .claims(Self.claims(epoch, registration.incarnation, &random))
            }
            #expect(late == .claims(.otherEpoch))
            let fenced = try await node.answer(on: 1) { registration, random in
                .publish(Self.forged(registration, &random))
            }
            guard case .publish(.verdicts([.fenced], _)) = fenced else {
                throw Unexpected("\(fenced)")
            }
            // The first message that is delivered is one that was sent later.
            #expect(try await node.claim("anna", by: 1, on: 0) == .granted())
            try await node.on(0) { $0.say("accepted", by: SocketID(slot: 1, generation: 0)) }
            try await eventually("the message is delivered") {
                node.records.allSatisfy { !$0.now.delivered.isEmpty }
            }
            for record in node.records {
                #expect(record.now.delivered.map(\.text) == ["\"accepted\""])
            }
        }
    }

    /// Returns a call in which `count` logins claim the same name.
    private static func claims(
        _ epoch: Epoch,
        _ incarnation: Incarnation,
        _ random: inout SplitMix,
        count: Int = 1
    ) -> ClaimCall {
        guard let name = try? Username("mallory") else { preconditionFailure("a valid name") }
        let claims = (0..<count).map { _ in
            Claim(
                username: name,
                login: LoginID(using: &random),
                producer: ProducerID(using: &random)
            )
        }
        return ClaimCall(epoch: epoch, incarnation: incarnation, number: 0, claims: claims)
    }

    /// A message under a name that its sender does not hold.
    private static func forged(_ registration: Registration, _ random: inout SplitMix)
        -> PublishCall
    {
        let draft = SealedDraft(
            key: "mallory",
            login: LoginID(using: &random),
            fence: 1,
            producer: ProducerID(using: &random),
            n: 1,
            draft: Draft(
                sender: SocketID(slot: 9, generation: 0),
                room: .lobby,
                body: Array(#"{"type":"chat","username":"mallory","value":"forged"}"#.utf8)
            )
        )
        return PublishCall(
            epoch: registration.epoch,
            incarnation: registration.incarnation,
            room: .lobby,
            position: nil,
            drafts: [draft]
        )
    }

    // MARK: Connections

    @Test(arguments: kinds)
    func `messages without an answer are settled after a cut, and delivered once or never`(
        kind: TestedBackend
    ) async throws {
        let subject = try await kind.make()
        guard subject.canBeCut else { return try await subject.close() }
        try await withNodes(subject) { nodes in
            let records = nodes.flatMap(\.records)
            try await talk(nodes, cutting: subject)
            for record in records { #expect(record.now.disconnects >= 2) }
        }
    }

    @Test(arguments: kinds)
    func `the registration and a room are announced again when a loop asks for it`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make(), count: 1) { nodes in
            let records = nodes[0].records
            let before = records.map(\.now)
            try await nodes[0].on(1) {
                $0.recheckRegistration()
                $0.recheck(.lobby)
            }
            try await eventually("both are announced on all loops") {
                zip(records, before).allSatisfy { record, before in
                    record.now.registrations > before.registrations
                        && record.now.opened > before.opened
                }
            }
        }
    }

    @Test(arguments: kinds)
    func `a stopped backend tells its loops nothing more`(kind: TestedBackend) async throws {
        try await withNodes(kind.make()) { nodes in
            for node in nodes {
                for index in node.records.indices {
                    _ = try await node.claim("user\(index)", by: 1, on: index)
                    try await node.on(index) { loop in
                        for number in 0..<100 {
                            loop.say("\(index) \(number)", by: SocketID(slot: 1, generation: 0))
                        }
                    }
                }
            }
            // `withNodes` stops the backends now, in the midst of that, and checks the rest.
        }
    }

    @Test(arguments: kinds)
    func `a backend that stops while its connections are cut tells its loops nothing more`(
        kind: TestedBackend
    ) async throws {
        let subject = try await kind.make()
        // `withNodes` stops the backends before the connections are back, and then ends the loops.
        try await withNodes(subject) { _ in try await subject.beginCut() }
    }

    @Test(arguments: kinds)
    func `a node is told once that its backend is ready, and what is missing`(
        kind: TestedBackend
    ) async throws {
        let subject = try await kind.make()
        try await withNodes(subject, count: 1) { nodes in
            let events = nodes[0].events
            let isWell = { events.now.missing.last == false && events.now.readied == 1 }
            try await eventually("the node is ready, and nothing is missing", isWell)
            guard subject.canBeCut else { return }
            let told = events.now.missing.count
            try await subject.beginCut()
            try await eventually("the node was told that something is missing") {
                events.now.missing.dropFirst(told).contains(true)
            }
            try await subject.endCut()
            try await eventually("nothing is missing any more", isWell)
        }
    }
}

extension ClaimVerdict {
    fileprivate var isGranted: Bool {
        if case .granted = self { true } else { false }
    }
}
