/// What a session is told of its claim.
public enum ClaimOutcome: Sendable, Hashable {
    /// The name is its.
    case granted
    /// Somebody else has it.
    case taken
    /// Nobody can tell now; what to tell people.
    case unavailable(reason: String)
}

extension BrokerClient {
    /// A session wants a name. Answered by `claimed`: at once where nobody can be asked for longer than
    /// a moment, and where it has the name already.
    public mutating func claim(
        _ username: Username,
        for socket: SocketID,
        using random: inout some RandomNumberGenerator,
        now: Instant,
        into effects: inout [Effect]
    ) {
        guard mayAskSoon, let footing, isSure(now) else {
            return effects.append(.claimed(socket, .unavailable(reason: reason)))
        }
        if let tenancy = held[socket], tenancy.username == username {
            let isSure = tenancy.phase == .held && !isInDoubt
            if isSure { held[socket]?.username = username }
            let outcome = isSure ? ClaimOutcome.granted : .unavailable(reason: Self.unsure)
            return effects.append(.claimed(socket, outcome))
        }
        wanted[socket] = Tenancy(
            username: username,
            session: SessionID(using: &random),
            since: now,
            phase: .waitingToAsk,
            footing: footing,
            lineage: Lineage(using: &random)
        )
        if canAsk { ask(for: socket, footing, &effects) }
    }

    /// A session gives its name up. Answered by `released`: at once where nobody can be asked; the
    /// release goes on behind it.
    public mutating func release(
        _ username: Username,
        for socket: SocketID,
        into effects: inout [Effect]
    ) {
        guard let tenancy = formerTenancy(username, socket, &effects) else {
            return effects.append(.released(socket))
        }
        depart(tenancy, waiting: socket, &effects)
    }

    /// Names that sessions of this loop hold.
    public var nameCount: Int { held.count }

    /// Whether a name is, or may be, this loop's: claimed or held, or not proven to be given up.
    public func mayHold(_ keys: [String]) -> [Bool] {
        // Of those that are asked for, which are few, not of those that are held, which are many.
        let asked = Set(keys)
        var mine: Set<String> = []
        for tenancy in held.values where asked.contains(tenancy.username.key) {
            mine.insert(tenancy.username.key)
        }
        for tenancy in wanted.values where asked.contains(tenancy.username.key) {
            mine.insert(tenancy.username.key)
        }
        for departure in leaving.values where asked.contains(departure.key) {
            mine.insert(departure.key)
        }
        return keys.map(mine.contains)
    }

    /// The hashes of all those names: a few bytes each, to compare many names with.
    public var keyHashes: Set<Int> {
        var hashes = Set<Int>(minimumCapacity: held.count + wanted.count + leaving.count)
        for tenancy in held.values { hashes.insert(tenancy.username.key.hashValue) }
        for tenancy in wanted.values { hashes.insert(tenancy.username.key.hashValue) }
        for departure in leaving.values { hashes.insert(departure.key.hashValue) }
        return hashes
    }

    /// The name a socket gives up, taken out of what it holds. After a change of name it is the one
    /// before.
    private mutating func formerTenancy(
        _ username: Username,
        _ socket: SocketID,
        _ effects: inout [Effect]
    ) -> Tenancy? {
        if former[socket]?.username == username { return former.removeValue(forKey: socket) }
        guard let tenancy = held[socket], tenancy.username == username else { return nil }
        abandonLimbo(of: socket, &effects)
        held[socket] = nil
        return tenancy
    }

    /// A name is given up while messages under it have no answer: nobody will ask any more. Only where
    /// the broker cannot be reached: so nothing of the same socket waits that another name could end
    /// up under.
    private mutating func abandonLimbo(of socket: SocketID, _ effects: inout [Effect]) {
        for message in limbo.removeValue(forKey: socket) ?? [] {
            effects.append(.settled(socket, message.isVoid ? .lost : .unknown))
        }
    }

    /// A name is on its way back from now on. Whoever waits is told at once if it cannot be said.
    private mutating func depart(
        _ tenancy: Tenancy,
        waiting socket: SocketID?,
        _ effects: inout [Effect]
    ) {
        var departure = Departure(
            key: tenancy.username.key,
            incarnation: tenancy.footing.incarnation,
            socket: socket
        )
        if canAsk {
            departure.isSent = true
            pending.append(.release(tenancy.session))
            effects.append(.call(.release(departure.release(tenancy.session))))
        } else if let socket {
            departure.socket = nil
            effects.append(.released(socket))
        }
        leaving[tenancy.session] = departure
    }
}

// MARK: - Claiming

extension BrokerClient {
    /// Asks for what a socket wants, under the present standing.
    mutating func ask(for socket: SocketID, _ footing: Footing, _ effects: inout [Effect]) {
        guard var tenancy = wanted[socket] else { return }
        tenancy.phase = .claiming
        tenancy.footing = footing
        wanted[socket] = tenancy
        let claim = tenancy.claim
        pending.append(.claim(socket, tenancy.session, claim))
        effects.append(.call(.claim(claim)))
    }

    /// Answers those who have waited for too long: for the broker, or for the end of a grace, behind
    /// which another one has begun.
    mutating func giveUpWaiting(_ now: Instant, _ effects: inout [Effect]) {
        for (socket, tenancy) in wanted {
            let patience: Duration
            switch tenancy.phase {
            case .waitingToAsk: patience = Limits.claimPatience
            case .waitingForGrace: patience = Limits.gracePatience
            case .claiming, .held, .doubtful, .reclaiming: continue
            }
            if isOutage || now >= tenancy.since + patience { giveUp(socket, reason, &effects) }
        }
    }

    /// Answers one whose claim has come to nothing. An earlier one of it may have been granted.
    private mutating func giveUp(
        _ socket: SocketID,
        _ reason: String,
        _ effects: inout [Effect]
    ) {
        guard let tenancy = wanted.removeValue(forKey: socket) else { return }
        if tenancy.mayBeGranted { depart(tenancy, waiting: nil, &effects) }
        effects.append(.claimed(socket, .unavailable(reason: reason)))
    }

    /// Asks again for what is held in doubt, where it can be asked.
    mutating func claimDoubtfulAgain(_ effects: inout [Effect]) {
        guard canAsk, let footing, !doubtful.isEmpty else { return }
        let sockets = doubtful
        doubtful = []
        for socket in sockets { claimAgain(socket, footing, &effects) }
    }

    private mutating func claimAgain(
        _ socket: SocketID,
        _ footing: Footing,
        _ effects: inout [Effect]
    ) {
        guard var tenancy = held[socket], tenancy.phase == .doubtful else { return }
        if limbo[socket] != nil, let shown = seen[tenancy.lineage] { tenancy.accept(shown, at: 0) }
        tenancy.phase = .reclaiming
        tenancy.footing = footing
        held[socket] = tenancy
        let claim = tenancy.claim
        pending.append(.claim(socket, tenancy.session, claim))
        effects.append(.call(.claim(claim)))
    }

    /// A held name is not used again before it has been claimed again.
    mutating func makeDoubtful(_ socket: SocketID) {
        guard held[socket]?.phase == .held else { return }
        held[socket]?.phase = .doubtful
        doubtful.append(socket)
    }

    /// The claim of a name that is held came to nothing, and nobody else has it either.
    private mutating func claimFailed(_ socket: SocketID) {
        held[socket]?.phase = .held
        makeDoubtful(socket)
    }

    mutating func claimAnswered(
        _ socket: SocketID,
        _ session: SessionID,
        _ claim: Claim,
        _ answer: ClaimAnswer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        if claim.known == nil {
            wantedAnswered(socket, session, answer, now, &effects)
        } else if held[socket]?.session == session {
            heldAnswered(socket, answer, now, &effects)
        }
        // Else it was given up meanwhile, and its release is behind the claim.
    }

    private mutating func wantedAnswered(
        _ socket: SocketID,
        _ session: SessionID,
        _ answer: ClaimAnswer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard var tenancy = wanted[socket], tenancy.session == session else { return }
        switch answer {
        case .granted(let grant):
            wanted[socket] = nil
            tenancy.hold(grant)
            guard isSure(now) else {
                // Too late: perhaps it is somebody else's by now.
                depart(tenancy, waiting: nil, &effects)
                return effects.append(.claimed(socket, .unavailable(reason: Self.unsure)))
            }
            former[socket] = held.updateValue(tenancy, forKey: socket)
            if isOutdated(tenancy) { makeDoubtful(socket) }
            effects.append(.claimed(socket, .granted))
        case .taken, .lost, .replaced:
            wanted[socket] = nil
            effects.append(.claimed(socket, .taken))
        case .grace:
            wanted[socket]?.phase = .waitingForGrace
            if standing?.isGrace == false {
                // It was over before the answer came, or has begun again: only a new look tells.
                doubtStanding(&effects)
            }
        case .unregistered, .otherReign:
            // Asked again under the standing that is told next.
            wanted[socket]?.phase = .waitingToAsk
            doubtStanding(&effects)
        }
    }

    private mutating func heldAnswered(
        _ socket: SocketID,
        _ answer: ClaimAnswer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard let tenancy = held[socket] else { return }
        switch answer {
        case .granted(let grant):
            held[socket]?.hold(grant)
            // A standing that has moved meanwhile wants another claim, which settles.
            if isOutdated(tenancy) { makeDoubtful(socket) } else { settle(socket, now, &effects) }
        case .lost, .replaced, .taken:
            loseName(socket, &effects)
        case .grace, .unregistered, .otherReign:
            claimFailed(socket)
            if !isOutdated(tenancy) { doubtStanding(&effects) }
        }
    }

    /// It was asked for under another standing than the present one.
    private func isOutdated(_ tenancy: Tenancy) -> Bool {
        !tenancy.footing.holds(in: standing)
    }

    private mutating func loseName(_ socket: SocketID, _ effects: inout [Effect]) {
        guard let tenancy = held.removeValue(forKey: socket) else { return }
        effects.append(.nameLost(socket, tenancy.username))
        // The record counts somebody else's messages now: what of these was accepted, only the node's
        // own subscription may have shown.
        for message in limbo.removeValue(forKey: socket) ?? [] {
            let isAccepted = message.sealed.n <= tenancy.accepted
            let settlement = message.isVoid ? Settlement.lost : .unknown
            effects.append(.settled(socket, isAccepted ? .accepted(seq: nil) : settlement))
        }
        noteAllReady()
    }

    mutating func claimRefused(
        _ socket: SocketID,
        _ session: SessionID,
        _ reason: String,
        _ effects: inout [Effect]
    ) {
        if wanted[socket]?.session == session {
            giveUp(socket, reason, &effects)
        } else if held[socket]?.session == session {
            held[socket]?.phase = .doubtful
            postponed.append(socket)
            isRetryDue = true
        }
    }

    /// Nobody will ever answer. The name may be ours: it is asked for again, under the same session,
    /// which is answered as the lost claim was; or given back, if its client has waited for too long.
    /// Or it was ours, and is to be claimed once more.
    mutating func claimCut(
        _ socket: SocketID,
        _ session: SessionID,
        _ effects: inout [Effect]
    ) {
        if wanted[socket]?.session == session {
            wanted[socket]?.phase = .waitingToAsk
            wanted[socket]?.mayBeGranted = true
        } else if held[socket]?.session == session {
            claimFailed(socket)
        }
    }
}

// MARK: - Releasing

extension BrokerClient {
    mutating func releaseAnswered(_ session: SessionID, _ effects: inout [Effect]) {
        guard let departure = leaving.removeValue(forKey: session) else { return }
        if let socket = departure.socket { effects.append(.released(socket)) }
    }

    /// No answer: it is said again when it can be. Whoever waits is told now.
    mutating func releaseCut(_ session: SessionID, _ effects: inout [Effect]) {
        leaving[session]?.isSent = false
        guard let socket = leaving[session]?.socket else { return }
        leaving[session]?.socket = nil
        effects.append(.released(socket))
    }
}
