@testable import ChatCore

/// What earlier designs did not survive, counted in every run: what a simulation does not meet it does not
/// show to be harmless.
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
}

/// What a simulation is changed by, to see that its checks notice.
enum Mutant: CaseIterable {
    /// A client takes the place of an `ack` for its position.
    case ackMovesPosition
    /// A node takes what it hears for what comes next.
    case anythingFollows
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

/// The claims that a simulated Redis has granted.
struct GrantedClaims {
    /// The logins that have taken a name over with the same secret.
    private var logins: [LoginID: Set<LoginID>] = [:]
    /// Those whose grant has not arrived.
    private var unheard: Set<LoginID> = []

    mutating func note(_ call: ClaimCall, _ answer: BrokerAnswer, in world: World) {
        guard case .claims(.verdicts(let verdicts)) = answer else { return }
        for (claim, verdict) in zip(call.claims, verdicts) {
            guard case .granted = verdict else { continue }
            if !unheard.insert(claim.login).inserted { world.meet(.lostClaimAnswer) }
            guard let proof = claim.proof, logins[proof, default: []].insert(claim.login).inserted
            else { continue }
            let count = logins[proof]?.count ?? 0
            if count > 1 { world.meet(count > 2 ? .twoLostSecrets : .lostSecret) }
        }
    }

    mutating func arrived(_ call: ClaimCall) { unheard.subtract(call.claims.map(\.login)) }
}
