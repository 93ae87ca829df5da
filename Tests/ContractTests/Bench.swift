import ChatCore
import TestSupport
import Testing

/// A keeper with two processes registered, in a reign without grace, and short words for calls.
final class Bench {
    let keeper: any Keeper
    var random = SplitMix(seed: 5)
    var reign = Reign(epoch: 0, dataSet: "")
    let node: Incarnation
    let other: Incarnation

    convenience init(_ kind: KeeperKind, _ retention: Store.Retention = .init()) async throws {
        try self.init(try await kind.make(retention))
    }

    init(_ keeper: any Keeper) throws {
        self.keeper = keeper
        birth = .birth(Lineage(using: &random))
        node = Incarnation(using: &random)
        other = Incarnation(using: &random)
        #expect(try begin(isNewCluster: true) == false)
        try register(node)
        try register(other)
        birth = try begin(.lobby).mid
    }

    /// Finds out what reigns. The answer is whether it is in its grace.
    @discardableResult
    func begin(
        highestEpoch: UInt64 = 0,
        highestDataSet: String = "",
        highestFence: UInt64 = 0,
        isNewCluster: Bool = false
    ) throws -> Bool {
        let call = FenceCall(
            highestEpoch: highestEpoch,
            highestDataSet: highestDataSet,
            highestFence: highestFence,
            isNewCluster: isNewCluster
        )
        guard case .reign(let reign, let isGrace) = try keeper.fence(call) else {
            throw Unexpected("nothing reigns")
        }
        self.reign = reign
        return isGrace
    }

    @discardableResult
    func register(_ incarnation: Incarnation) throws -> RosterAnswer {
        try keeper.register(RegisterCall(reign: reign, incarnation: incarnation, label: "n"))
    }

    func renew(_ incarnation: Incarnation) throws -> RosterAnswer {
        try keeper.renew(RenewCall(reign: reign, incarnation: incarnation))
    }

    func certify(_ dead: Incarnation, counter: UInt64, by caller: Incarnation? = nil) throws
        -> CertifyAnswer
    {
        let beat = Roster.Beat(incarnation: dead, counter: counter)
        return try keeper.certify(
            CertifyCall(reign: reign, incarnation: caller ?? other, dead: beat)
        )
    }

    func reap(_ dead: Incarnation, _ keys: [String]) throws -> ReapAnswer {
        try keeper.reap(ReapCall(reign: reign, dead: dead, keys: keys))
    }

    /// A login's claim of a name.
    func claim(_ name: String, by incarnation: Incarnation? = nil) throws -> Claim {
        Claim(
            reign: reign,
            username: try Username(name),
            incarnation: incarnation ?? node,
            session: SessionID(using: &random),
            lineage: Lineage(using: &random)
        )
    }

    /// Claims a name that must be free.
    func hold(_ name: String) throws -> Holding {
        let claim = try claim(name)
        return Holding(claim: claim, grant: try granted(claim))
    }

    func granted(_ claim: Claim) throws -> Grant {
        let answer = try keeper.claim(claim)
        guard case .granted(let grant) = answer else { throw Unexpected("\(answer)") }
        return grant
    }

    /// The same claim once more, with what is known of the name.
    func again(
        _ holding: Holding,
        n: UInt64 = 0,
        seq: UInt64 = 0,
        fence: UInt64? = nil,
        by incarnation: Incarnation? = nil
    ) -> Claim {
        Claim(
            reign: reign,
            username: holding.claim.username,
            incarnation: incarnation ?? holding.claim.incarnation,
            session: holding.claim.session,
            lineage: holding.claim.lineage,
            known: .init(
                fence: fence ?? holding.grant.fence,
                n: n,
                seq: seq,
                epoch: holding.claim.reign.epoch
            )
        )
    }

    func release(_ holding: Holding) throws -> Bool {
        try keeper.release(
            Release(
                key: holding.claim.username.key,
                incarnation: holding.claim.incarnation,
                condition: .session(holding.claim.session)
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
            reign: reign,
            incarnation: holding.claim.incarnation,
            room: room,
            position: position,
            drafts: numbers.map { holding.sealed($0, room, body) }
        )
        return try keeper.publish(call).answer
    }

    /// Catches up with a room as a node does that knows nothing of it. The answer is where it ends.
    @discardableResult
    func begin(_ room: RoomName) throws -> Position {
        guard let top = try page(behind: nil, in: room).top else { throw Unexpected("no top") }
        return top
    }

    func page(
        behind position: Position?,
        marks: [CatchUpCall.Mark] = [],
        limit: Int = 100,
        replacing: CatchUpCall.FoundTop? = nil,
        in room: RoomName = .lobby
    ) throws -> CatchUpPage {
        let call = CatchUpCall(
            reign: reign,
            room: room,
            position: position,
            marks: marks,
            limit: limit,
            replacing: replacing
        )
        let answer = try keeper.catchUp(call, birth: Lineage(using: &random))
        guard case .page(let page) = answer else { throw Unexpected("\(answer)") }
        return page
    }

    /// Where the `n`-th of a lineage stands, if it does at `seq`; at 0, where the lobby began.
    func place(_ seq: UInt64, _ holding: Holding, n: UInt64? = nil) -> Position {
        let mid = MessageID(lineage: holding.grant.lineage, n: n ?? seq)
        return Position(epoch: reign.epoch, seq: seq, mid: seq == 0 ? birth : mid)
    }

    /// What names the place of the lobby before its first message.
    private(set) var birth: MessageID
}

/// A name that a login was granted.
struct Holding {
    let claim: Claim
    let grant: Grant

    /// What names its `n`-th message.
    func mid(_ n: UInt64) -> MessageID { MessageID(lineage: grant.lineage, n: n) }

    func sealed(_ n: UInt64, _ room: RoomName = .lobby, _ body: String = "{}") -> SealedDraft {
        SealedDraft(
            key: claim.username.key,
            session: claim.session,
            fence: grant.fence,
            lineage: grant.lineage,
            n: n,
            draft: Draft(
                sender: SocketID(slot: 0, generation: 0),
                room: room,
                body: Array(body.utf8)
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
