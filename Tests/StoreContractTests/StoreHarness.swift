import TestSupport
import Testing

@testable import ChatCore

/// A store with two incarnations registered, in an epoch without grace, and short names for calls.
final class StoreHarness {
    let subject: any StoreUnderTest
    var random = SplitMix(seed: 5)
    var epoch = Epoch(number: 0, dataSet: "")
    let node: Incarnation
    let other: Incarnation

    convenience init(_ kind: StoreKind, _ retention: Store.Retention = .init()) async throws {
        try self.init(try await kind.make(retention))
    }

    init(_ subject: any StoreUnderTest) throws {
        self.subject = subject
        birth = .birth(ProducerID(using: &random))
        node = Incarnation(using: &random)
        other = Incarnation(using: &random)
        #expect(try begin(isNewCluster: true) == false)
        try register(node)
        try register(other)
        birth = try begin(.lobby).mid
    }

    /// Finds out which epoch it is. The answer is whether it is in its grace.
    @discardableResult
    func begin(
        highestEpoch: UInt64 = 0,
        highestDataSet: String = "",
        highestFence: UInt64 = 0,
        isNewCluster: Bool = false
    ) throws -> Bool {
        let call = OpenEpochCall(
            highestEpoch: highestEpoch,
            highestDataSet: highestDataSet,
            highestFence: highestFence,
            isNewCluster: isNewCluster
        )
        guard case .epoch(let epoch, let isGrace) = try subject.openEpoch(call) else {
            throw Unexpected("no epoch")
        }
        self.epoch = epoch
        return isGrace
    }

    @discardableResult
    func register(_ incarnation: Incarnation) throws -> RosterAnswer {
        try subject.register(RegisterCall(epoch: epoch, incarnation: incarnation, label: "n"))
    }

    func renew(_ incarnation: Incarnation) throws -> RosterAnswer {
        try subject.renew(RenewCall(epoch: epoch, incarnation: incarnation))
    }

    func certify(_ dead: Incarnation, counter: UInt64, by caller: Incarnation? = nil) throws
        -> CertifyAnswer
    {
        let heartbeat = Roster.Heartbeat(incarnation: dead, counter: counter)
        return try subject.certify(
            CertifyCall(epoch: epoch, incarnation: caller ?? other, dead: heartbeat)
        )
    }

    func reap(_ dead: Incarnation, _ keys: [String]) throws -> ReapAnswer {
        try subject.reap(ReapCall(epoch: epoch, dead: dead, keys: keys))
    }

    /// A login's claim of a name.
    func claim(
        _ name: String,
        by incarnation: Incarnation? = nil,
        rooms: [RoomName] = []
    ) throws -> SingleClaim {
        SingleClaim(
            epoch: epoch,
            username: try Username(name),
            incarnation: incarnation ?? node,
            login: LoginID(using: &random),
            producer: ProducerID(using: &random),
            rooms: rooms
        )
    }

    /// Claims a name that must be free.
    func hold(_ name: String) throws -> Holding {
        let claim = try claim(name)
        return Holding(claim: claim, grant: try granted(claim))
    }

    /// Makes a claim that must be granted.
    func holds(_ claim: SingleClaim) throws -> Holding {
        Holding(claim: claim, grant: try granted(claim))
    }

    func granted(_ claim: SingleClaim) throws -> Grant {
        let answer = try subject.claim(claim)
        guard case .granted(let grant) = answer else { throw Unexpected("\(answer)") }
        return grant
    }

    /// The same claim once more, with what is known of the name.
    func again(
        _ holding: Holding,
        n: UInt64 = 0,
        seq: UInt64 = 0,
        reserved: UInt64 = 0,
        fence: UInt64? = nil,
        by incarnation: Incarnation? = nil
    ) -> SingleClaim {
        SingleClaim(
            epoch: epoch,
            username: holding.claim.username,
            incarnation: incarnation ?? holding.claim.incarnation,
            login: holding.claim.login,
            producer: holding.claim.producer,
            known: .init(
                fence: fence ?? holding.grant.fence,
                n: n,
                seq: seq,
                epoch: holding.claim.epoch.number,
                reserved: reserved
            )
        )
    }

    /// A new login's claim of a name that an earlier login of the same user has held.
    func takeOver(
        _ holding: Holding,
        proof: LoginID? = nil,
        by incarnation: Incarnation? = nil
    ) -> SingleClaim {
        SingleClaim(
            epoch: epoch,
            username: holding.claim.username,
            incarnation: incarnation ?? node,
            login: LoginID(using: &random),
            producer: ProducerID(using: &random),
            proof: proof ?? holding.claim.login
        )
    }

    func release(_ holding: Holding, _ action: Release.Action = .delete) throws -> Bool {
        try subject.release(
            Release(
                key: holding.claim.username.key,
                incarnation: holding.claim.incarnation,
                condition: .login(holding.claim.login),
                action: action
            )
        )
    }

    /// One call with these messages of one login.
    func say(
        _ holding: Holding,
        _ numbers: [UInt64],
        in room: RoomName = .lobby,
        from position: Position? = nil,
        body: String = #"{"v":1}"#
    ) throws -> [PublishVerdict] {
        let answer = try answer(holding, numbers, in: room, from: position, body: body)
        guard case .verdicts(let verdicts, _) = answer else { throw Unexpected("\(answer)") }
        return verdicts
    }

    /// The same, whatever comes of it.
    func answer(
        _ holding: Holding,
        _ numbers: [UInt64],
        in room: RoomName = .lobby,
        from position: Position? = nil,
        body: String = #"{"v":1}"#
    ) throws -> PublishAnswer {
        let call = PublishCall(
            epoch: epoch,
            incarnation: holding.claim.incarnation,
            room: room,
            position: position,
            drafts: numbers.map { holding.sealed($0, room, body) }
        )
        return try subject.publish(call).answer
    }

    /// Catches up with a room as a node does that knows nothing of it. The answer is where it ends.
    @discardableResult
    func begin(_ room: RoomName) throws -> Position {
        guard let top = try page(behind: nil, in: room).top else { throw Unexpected("no top") }
        return top
    }

    func page(
        behind position: Position?,
        marks: [MessagePlace] = [],
        limit: Int = 100,
        replacing: CatchUpCall.FoundTop? = nil,
        mayLackMore: Bool = false,
        in room: RoomName = .lobby
    ) throws -> CatchUpPage {
        let call = CatchUpCall(
            epoch: epoch,
            room: room,
            position: position,
            marks: marks,
            limit: limit,
            replacing: replacing,
            mayLackMore: mayLackMore
        )
        let answer = try subject.catchUp(call, birth: ProducerID(using: &random))
        guard case .page(let page) = answer else { throw Unexpected("\(answer)") }
        return page
    }

    /// Returns the position of a producer's `n`-th message if it has the number `seq`; at 0 the lobby's
    /// birth.
    func place(_ seq: UInt64, _ holding: Holding, n: UInt64? = nil) -> Position {
        let mid = MessageID(producer: holding.grant.producer, n: n ?? seq)
        return Position(epoch: epoch.number, seq: seq, mid: seq == 0 ? birth : mid)
    }

    /// What names the place of the lobby before its first message.
    private(set) var birth: MessageID
}

/// A name that a login was granted.
struct Holding {
    let claim: SingleClaim
    let grant: Grant

    /// What names its `n`-th message.
    func mid(_ n: UInt64) -> MessageID { MessageID(producer: grant.producer, n: n) }

    func sealed(
        _ n: UInt64,
        _ room: RoomName = .lobby,
        _ body: String = "{}",
        tag: DraftTag = .none
    )
        -> SealedDraft
    {
        SealedDraft(
            key: claim.username.key,
            login: claim.login,
            fence: grant.fence,
            producer: grant.producer,
            n: n,
            draft: Draft(
                sender: SocketID(slot: 0, generation: 0),
                room: room,
                body: Array(body.utf8),
                tag: tag
            )
        )
    }
}

extension [Publication] {
    /// The numbers of the messages in it.
    var seqs: [UInt64] { flatMap { [UInt64]($0.firstSeq...$0.lastSeq) } }
    /// Their names.
    var mids: [MessageID] { flatMap { $0.items.map(\.mid) } }
}
