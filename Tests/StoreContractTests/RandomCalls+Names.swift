import ChatCore
import TestSupport

/// Random claims and releases.
extension RandomCalls {
    /// Claims of one process, mostly one or a few.
    mutating func claims() -> ClaimCall {
        let first = claim()
        let count = random.below(random.isOne(in: 20) ? Limits.claimsPerCall : 4)
        claimCalls += 1
        return ClaimCall(
            epoch: first.epoch,
            incarnation: first.incarnation,
            number: near(claimCalls),
            claims: [first.claim] + (0..<count).map { _ in claim().claim }
        )
    }

    private mutating func claim() -> SingleClaim {
        if !held.isEmpty, random.isOne(in: 2) { return again() }
        var known: Claim.Known?
        if random.isOne(in: 8) {
            known = .init(
                fence: epochs[epochs.count - 1].number << 20 + UInt64(random.below(40)),
                n: UInt64(random.below(4)),
                seq: UInt64(random.below(4)),
                epoch: one(of: epochs).number
            )
        }
        return SingleClaim(
            epoch: epoch(),
            username: one(of: usernames),
            incarnation: incarnation(),
            login: one(of: logins),
            producer: one(of: producers),
            proof: proof(),
            known: known,
            rooms: someRooms()
        )
    }

    /// An earlier login, of a name that is perhaps claimed by it now.
    private mutating func proof() -> LoginID? {
        switch random.below(4) {
        case 0 where !held.isEmpty: newest().claim.login
        case 0, 1: one(of: logins)
        default: nil
        }
    }

    private mutating func again() -> SingleClaim {
        let old = newest()
        return SingleClaim(
            epoch: epoch(),
            username: old.claim.username,
            incarnation: random.isOne(in: 4) ? incarnation() : old.claim.incarnation,
            login: old.claim.login,
            producer: old.grant.producer,
            known: random.isOne(in: 8)
                ? nil
                : .init(
                    fence: near(old.grant.fence),
                    n: near(old.grant.n, missing: 4),
                    seq: random.isOne(in: 4) ? 0 : near(old.grant.seq),
                    epoch: old.claim.epoch.number,
                    reserved: random.isOne(in: 4) ? near(old.grant.n + 2, missing: 2) : 0
                ),
            rooms: someRooms()
        )
    }

    /// Some of the rooms; seldom more than a call of several claims may look at.
    private mutating func someRooms() -> [RoomName] {
        if random.isOne(in: 30) { return manyRooms }
        return rooms.filter { _ in random.isOne(in: 2) }
    }

    /// Names of one process that join and leave rooms.
    mutating func moves() -> PresenceCall {
        var incarnation = incarnation()
        var moves: [PresenceCall.Move] = []
        for _ in 0..<(1 + random.below(3)) where !held.isEmpty {
            let old = newest()
            if moves.isEmpty { incarnation = old.claim.incarnation }
            moves.append(
                PresenceCall.Move(
                    username: old.claim.username,
                    login: old.claim.login,
                    fence: near(old.grant.fence),
                    producer: old.grant.producer,
                    left: someRooms(),
                    joined: someRooms()
                )
            )
        }
        return PresenceCall(epoch: epoch(), incarnation: incarnation, moves: moves)
    }

    mutating func learn(_ answer: ClaimAnswer, to call: ClaimCall) {
        for (claim, verdict) in zip(call.claims, answer.verdicts) {
            guard case .granted(let grant) = verdict else { continue }
            let single = SingleClaim(
                epoch: call.epoch,
                username: claim.username,
                incarnation: call.incarnation,
                login: claim.login,
                producer: claim.producer,
                known: claim.known
            )
            held = held.suffix(11) + [Held(claim: single, grant: grant)]
        }
    }

    mutating func release() -> Release {
        guard !held.isEmpty else {
            return Release(
                key: "ada",
                incarnation: incarnation(),
                condition: .login(one(of: logins)),
                action: one(of: Self.actions)
            )
        }
        let old = newest()
        return Release(
            key: old.claim.username.key,
            incarnation: random.isOne(in: 8) ? incarnation() : old.claim.incarnation,
            condition: random.isOne(in: 2)
                ? .fence(near(old.grant.fence)) : .login(old.claim.login),
            action: one(of: Self.actions)
        )
    }

    private static let actions: [Release.Action] = [.delete, .empty, .linger]

    /// Mostly one of the last few.
    private mutating func newest() -> Held {
        random.isOne(in: 4) ? one(of: held) : one(of: held.suffix(3))
    }
}
