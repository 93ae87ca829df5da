@testable import ChatCore

/// A danger that an earlier design did not survive, counted in every run: a simulation does not show to be
/// harmless what it does not meet.
enum Hazard: CaseIterable {
    /// A client has the `ack` of a message before an earlier one of the room.
    case earlyAck
    /// A claim was granted, and its answer did not arrive at the node.
    case lostClaimAnswer
    /// A client takes its name over with the secret from before, as the answer with the new one was lost.
    case lostSecret
    /// The same with the secret from before that, as two answers in a row were lost.
    case twoLostSecrets
    /// A node hears a message that has the number of another one that it has heard, or follows another one.
    case contradiction
    /// A message is removed at Redis while a node has it still to hear.
    case removedOnItsWay
    /// A node reads in a catch-up a message that is removed already.
    case removedBeforeCatchUp
    /// A message is removed after a page of the log with its text was read, and before the page has arrived
    /// at the node that needs it for a client.
    case removedDuringRead
}

/// A mistake that a simulation is given, to see that its checks notice.
enum Mutant: CaseIterable {
    /// A client takes the place of an `ack` for its position.
    case ackMovesPosition
    /// A node takes what it hears for what comes next.
    case anythingFollows
    /// A loop tells its members twice that a name has left their room.
    case tellsLeftTwice
    /// A loop forgets which messages were removed, and sends a text that a page of the log still has.
    case forgetsRemovals

    /// The runs in which it shows.
    var kind: Simulation.Kind { self == .anythingFollows ? .changesRooms : .keepsData }

    /// A part of what the checks say of it.
    var complaint: String {
        switch self {
        case .ackMovesPosition: "is next"
        case .anythingFollows: " twice: "
        case .tellsLeftTwice: "left, not there"
        case .forgetsRemovals: "was sent, and has been taken back"
        }
    }
}

extension World {
    /// Counts that a client has an `ack`.
    func noteAck(at seq: UInt64?, after position: Position?) {
        guard let seq, let position, seq > position.seq + 1 else { return }
        meet(.earlyAck)
    }

    /// Counts what a node hears.
    func noteHeard(_ publication: Publication, at position: Position?) {
        guard let position else { return }
        let isNext = publication.firstSeq == position.seq + 1
        let isOther = isNext ? publication.prev != position.mid : isOld(publication, position)
        if isOther { meet(.contradiction) }
    }

    /// Whether a publication has a message in the place of the last one that was heard.
    private func isOld(_ publication: Publication, _ position: Position) -> Bool {
        guard publication.firstSeq <= position.seq,
            position.seq - publication.firstSeq < publication.items.count
        else { return false }
        return publication.items[Int(position.seq - publication.firstSeq)].mid != position.mid
    }
}

extension Publication {
    /// Returns the same messages as those that come next after a position.
    func following(_ position: Position?) -> Publication {
        guard let position else { return self }
        return Publication(
            room: room,
            epoch: max(epoch, position.epoch),
            firstSeq: position.seq + 1,
            prev: position.mid,
            ms: ms,
            items: items
        )
    }
}

/// The removals that a simulated Redis has carried out.
extension SimRedis {
    /// Publishes messages. Until a node has heard them they are under way.
    func publish(_ publication: Publication) {
        let mids = publication.items.map(\.mid)
        for link in links where link.rooms.contains(publication.room) && link.isOpenThere {
            link.underWay.formUnion(mids)
            push(link) {
                link.underWay.subtract(mids)
                link.onPush?(publication)
            }
        }
    }

    /// Notes that a removal is carried out, before it is published.
    func note(_ removal: Removal) {
        let mid = removal.target.mid
        removed.insert(mid)
        if links.contains(where: { $0.underWay.contains(mid) }) { world.meet(.removedOnItsWay) }
    }

    /// Notes what a node reads in a catch-up.
    func note(_ answer: CatchUpAnswer) {
        guard case .page(let page) = answer else { return }
        let mids = page.entries.lazy.flatMap(\.items).map(\.mid)
        if mids.contains(where: removed.contains) { world.meet(.removedBeforeCatchUp) }
    }

    /// Notes that a page of the log arrives that was read when these messages had been removed.
    func noteArrival(of page: HistoryPage, readAfter before: Set<MessageID>) {
        let chats = page.entries.lazy.flatMap(\.items).filter(\.isChat)
        let isRemoved = chats.contains {
            removed.contains($0.mid) && !before.contains($0.mid)
        }
        if isRemoved { world.meet(.removedDuringRead) }
    }
}

extension SimLoop {
    /// Adds messages to the history of a room.
    func append(_ batch: FramedBatch, to history: inout RoomHistory) {
        history.append(batch)
        guard node.world.mutant == .forgetsRemovals, let position = history.position else { return }
        history = RoomHistory(of: history.name, backlog: history.backlog)
        _ = history.open(at: position)
    }

    /// Has a member hear who has joined and left its room.
    func tell(_ presence: ArraySlice<UInt8>, to member: SimMember, in room: RoomName) {
        member.socket.hear(presence, in: room)
        let isLeft = presence.firstRange(of: Array(#""left":[""#.utf8)) != nil
        guard isLeft, node.world.mutant == .tellsLeftTwice else { return }
        member.socket.hear(presence, in: room)
    }
}

/// The claims that a simulated Redis has granted.
struct GrantedClaims {
    /// The logins that have taken a name over with the same secret.
    private var logins: [LoginID: Set<LoginID>] = [:]
    /// Those whose grant has not arrived.
    private var unheard: Set<LoginID> = []
    /// Whether the connection breaks over which a claim is granted next.
    var cutsNext = false
    private var isCut = false

    mutating func note(_ call: ClaimCall, _ answer: BrokerAnswer, in world: World) {
        guard case .claims(.verdicts(let verdicts)) = answer else { return }
        for (claim, verdict) in zip(call.claims, verdicts) {
            guard case .granted = verdict else { continue }
            (isCut, cutsNext) = (isCut || cutsNext, false)
            if !unheard.insert(claim.login).inserted { world.meet(.lostClaimAnswer) }
            guard let proof = claim.proof, logins[proof, default: []].insert(claim.login).inserted
            else { continue }
            let count = logins[proof]?.count ?? 0
            if count > 1 { world.meet(count > 2 ? .twoLostSecrets : .lostSecret) }
        }
    }

    /// Returns whether the connection breaks now.
    mutating func takeCut() -> Bool {
        defer { isCut = false }
        return isCut
    }

    mutating func arrived(_ call: ClaimCall) { unheard.subtract(call.claims.map(\.login)) }
}
