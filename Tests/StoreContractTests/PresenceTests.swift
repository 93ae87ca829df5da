import ChatCore
import TestSupport
import Testing

/// Who is present in rooms: by the store in memory, and by the scripts.
@Suite struct PresenceTests {
    private let red: RoomName
    private let blue: RoomName

    init() throws {
        red = try RoomName("red")
        blue = try RoomName("blue")
    }

    /// Has a name join and leave rooms.
    private func move(
        _ holding: Holding,
        joined: [RoomName] = [],
        left: [RoomName] = [],
        _ harness: StoreHarness
    ) throws -> PresenceVerdict? {
        let move = PresenceCall.Move(
            username: holding.claim.username,
            login: holding.claim.login,
            fence: holding.grant.fence,
            producer: holding.grant.producer,
            left: left,
            joined: joined
        )
        let call = PresenceCall(
            epoch: harness.epoch,
            incarnation: holding.claim.incarnation,
            moves: [move]
        )
        guard case .verdicts(let verdicts) = try harness.subject.move(call) else { return nil }
        return verdicts.first
    }

    /// The names that are present in a room.
    private func present(in room: RoomName, _ harness: StoreHarness) throws -> [String]? {
        let call = PresentCall(epoch: harness.epoch, room: room)
        guard case .present(_, _, let names) = try harness.subject.present(call) else {
            throw Unexpected("another epoch")
        }
        return names?.map(\.display)
    }

    /// The changes that nodes were told, without the epoch.
    private func changes(_ harness: StoreHarness) throws -> [String] {
        try harness.subject.takeTold().map {
            $0.replacing(" P \(harness.epoch.number) ", with: " P ")
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a claim that arrives after a later one of its process changes no room`(
        kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        func call(_ number: UInt64, _ rooms: [RoomName]) throws -> ClaimVerdict? {
            let again = harness.again(ada).claim
            let claim = Claim(
                username: again.username,
                login: again.login,
                producer: again.producer,
                known: again.known,
                rooms: rooms
            )
            let call = ClaimCall(
                epoch: harness.epoch,
                incarnation: harness.node,
                number: number,
                claims: [claim]
            )
            guard case .verdicts(let verdicts) = try harness.subject.claim(call) else { return nil }
            return verdicts.first
        }
        guard case .granted(let grant)? = try call(2, [red]) else { throw Unexpected("lost") }
        // The one before was held up, and got no answer.
        #expect(try call(1, [red, blue]) == .granted(grant))
        #expect(try present(in: blue, harness) == [])
        #expect(try present(in: red, harness) == ["Ada"])
        // One whose answer was lost is made again with a higher number.
        guard case .granted? = try call(3, [blue]) else { throw Unexpected("lost") }
        #expect(try present(in: blue, harness) == ["Ada"])
        #expect(try present(in: red, harness) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a name joins and leaves rooms, and each change is told once`(kind: StoreKind) async throws
    {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(try move(ada, joined: [red, .lobby], harness) == .done)
        #expect(try changes(harness) == ["chat:red P 1 1\n+ada Ada\n", "chat P 1 1\n+ada Ada\n"])
        // Once more changes nothing.
        #expect(try move(ada, joined: [red], left: [blue], harness) == .done)
        #expect(try changes(harness) == [])
        #expect(try present(in: red, harness) == ["Ada"])
        #expect(try harness.page(behind: nil, in: red).presence == 1)
        #expect(try move(ada, left: [red], harness) == .done)
        #expect(try changes(harness) == ["chat:red P 2 0\n-ada Ada\n"])
        #expect(try present(in: red, harness) == [])
        #expect(try harness.release(ada))
        #expect(try changes(harness) == ["chat P 2 0\n-ada Ada\n"])
    }

    @Test(arguments: StoreKind.allCases)
    func `who does not hold a name joins nothing with it`(kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let back = Holding(claim: ada.claim, grant: try harness.granted(harness.again(ada)))
        #expect(try move(ada, joined: [red], harness) == .fenced)
        #expect(try move(back, joined: [red], harness) == .done)
        let later = try harness.holds(harness.takeOver(ada, by: harness.other))
        #expect(try move(back, left: [red], harness) == .fenced)
        #expect(try present(in: red, harness) == ["Ada"])
        #expect(try harness.release(later))
        #expect(try move(later, joined: [blue], harness) == .fenced)
        #expect(try present(in: red, harness) == [])
        #expect(try present(in: blue, harness) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a take-over changes nothing in the rooms, and is told them`(kind: StoreKind) async throws
    {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        _ = try move(ada, joined: [red, blue], harness)
        _ = try harness.release(ada, .linger)
        _ = try changes(harness)
        let later = try harness.holds(harness.takeOver(ada, by: harness.other))
        #expect(later.grant.rooms == [red, blue])
        #expect(try changes(harness).count == 1, "the login before is told")
        #expect(try present(in: red, harness) == ["Ada"])
        // Its end is the end of the name's presence: once, whichever login joined.
        #expect(try harness.release(later, .empty))
        #expect(
            try changes(harness) == ["chat:red P 2 0\n-ada Ada\n", "chat:blue P 2 0\n-ada Ada\n"]
        )
        let fresh = try harness.holds(harness.takeOver(later))
        #expect(fresh.grant.rooms == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a claim brings a name into rooms, and takes its earlier holder out`(
        kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.holds(harness.claim("Ada", rooms: [.lobby, red]))
        #expect(ada.grant.rooms == [])
        #expect(try changes(harness) == ["chat P 1 1\n+ada Ada\n", "chat:red P 1 1\n+ada Ada\n"])
        _ = try harness.certify(harness.node, counter: 0)
        let other = try harness.holds(harness.claim("ADA", by: harness.other, rooms: [.lobby]))
        #expect(
            try changes(harness)
                == ["chat P 2 1\n-ada Ada\n+ada ADA\n", "chat:red P 2 0\n-ada Ada\n"]
        )
        // The reaping comes too late to take anybody out.
        #expect(try harness.reap(harness.node, ["ada"]) == .left(0))
        #expect(try changes(harness) == [])
        #expect(other.grant.rooms == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a name that is claimed again is present where its process says`(
        kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.holds(harness.claim("Ada", rooms: [.lobby, red]))
        _ = try changes(harness)
        var claim = harness.again(ada)
        claim.rooms = [red, blue]
        _ = try harness.granted(claim)
        #expect(try changes(harness) == ["chat P 2 0\n-ada Ada\n", "chat:blue P 1 1\n+ada Ada\n"])
        // After a total loss of data it fills the rooms again.
        try harness.subject.erase()
        try harness.begin(highestEpoch: harness.epoch.number)
        try harness.register(harness.node)
        claim = harness.again(ada)
        claim.rooms = [red, blue]
        _ = try harness.granted(claim)
        #expect(
            try changes(harness) == ["chat:red P 1 1\n+ada Ada\n", "chat:blue P 1 1\n+ada Ada\n"]
        )
    }

    @Test(arguments: StoreKind.allCases)
    func `each name of a dead process leaves its rooms once`(kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let rooms = try (0..<40).map { try RoomName("r\($0)") }
        for name in ["Ada", "Bob", "Eve"] {
            _ = try harness.holds(harness.claim(name, rooms: rooms))
        }
        _ = try changes(harness)
        _ = try harness.certify(harness.node, counter: 0)
        // A call looks at as many pairs as it may, and at one name at least.
        for left in [2, 1, 0] {
            let answer = try harness.reap(harness.node, ["ada", "bob", "eve"])
            #expect(answer == .left(left))
            #expect(try changes(harness).count == 40)
        }
        #expect(try harness.reap(harness.node, ["ada", "bob", "eve"]) == .notDead)
        #expect(try present(in: rooms[7], harness) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a call of claims looks at no more rooms than it may`(kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let rooms = try (0..<40).map { try RoomName("r\($0)") }
        let claims = try ["Ada", "Bob", "Eve"].map { try harness.claim($0, rooms: rooms).claim }
        let small = try harness.claim("Zoe", rooms: [red]).claim
        let call = ClaimCall(
            epoch: harness.epoch,
            incarnation: harness.node,
            number: 0,
            claims: claims + [small]
        )
        let verdicts = try harness.subject.claim(call).verdicts
        #expect(verdicts[1...2] == [.later, .later])
        #expect(try present(in: rooms[0], harness) == ["Ada"])
        #expect(try present(in: red, harness) == ["Zoe"])
        #expect(try harness.subject.heldKeys(of: harness.node) == ["ada", "zoe"])
    }

    @Test(arguments: StoreKind.allCases)
    func `names that are in many rooms are taken over together`(kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let rooms = try (0..<40).map { try RoomName("r\($0)") }
        var claims: [Claim] = []
        for name in ["Ada", "Bob", "Eve"] {
            let held = try harness.hold(name)
            _ = try move(held, joined: rooms, harness)
            claims.append(harness.takeOver(held, by: harness.other).claim)
        }
        let call = ClaimCall(
            epoch: harness.epoch,
            incarnation: harness.other,
            number: 0,
            claims: claims
        )
        let verdicts = try harness.subject.claim(call).verdicts
        #expect(
            verdicts.allSatisfy {
                if case .granted(let grant) = $0 { grant.rooms == rooms } else { false }
            }
        )
    }

    @Test(arguments: StoreKind.allCases)
    func `of more names than are listed the number alone is told`(kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        var last: Holding?
        for index in 0..<Limits.presenceListed {
            last = try harness.holds(harness.claim("u\(index)", rooms: [red]))
        }
        #expect(try present(in: red, harness)?.count == Limits.presenceListed)
        _ = try changes(harness)
        let ada = try harness.holds(harness.claim("Ada", rooms: [red]))
        #expect(try changes(harness) == ["chat:red P 201 201\n"])
        #expect(try present(in: red, harness) == nil)
        #expect(try harness.release(ada))
        #expect(try changes(harness) == ["chat:red P 202 200\n-ada Ada\n"])
        #expect(try present(in: red, harness)?.count == Limits.presenceListed)
        #expect(try harness.release(#require(last)))
        #expect(try changes(harness) == ["chat:red P 203 199\n-u199 u199\n"])
    }
}
