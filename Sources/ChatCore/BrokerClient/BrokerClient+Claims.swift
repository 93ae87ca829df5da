// MARK: - Sending

extension BrokerClient {
    /// Has the claims that wait sent at the end of the turn, if they can be sent.
    mutating func markClaimsReady() {
        if !unreviewed.isEmpty { reviewNames() }
        guard !claims.isEmpty, claims.inFlight.isEmpty, canAsk else { return }
        claims.isReady = true
    }

    /// Sends the claims whose turn it is, in one call with the current registration.
    mutating func sendClaims(_ effects: inout [Effect]) {
        claims.isReady = false
        guard canAsk, claims.inFlight.isEmpty, let context else { return }
        claims.beginCall()
        var pairs = 0
        while claims.inFlight.count < Limits.claimsPerCall, pairs < Limits.presencePairs,
            let entry = claims.popFirst()
        {
            guard let claim = claim(entry, context) else { continue }
            pairs += claim.rooms.count
            claims.call(claim, of: entry)
        }
        guard !claims.inFlight.isEmpty else { return }
        pending.append(.claims(context))
        claimCalls += 1
        let call = ClaimCall(
            epoch: context.epoch,
            incarnation: context.incarnation,
            number: claimCalls,
            claims: claims.called
        )
        effects.append(.call(.claims(call)))
    }

    /// Returns the claim of a queued name, which is sent now; nil if the name was given up meanwhile.
    private mutating func claim(_ entry: ClaimQueue.Entry, _ context: ClaimContext) -> Claim? {
        if var name = wanted[entry.socket], name.login == entry.login {
            guard name.phase == .waitingToAsk else { return nil }
            name.phase = .claiming
            name.context = context
            wanted[entry.socket] = name
            let rooms = roomsToClaim(entry.socket, name, isNew: true)
            return name.claim(proof: credentials[entry.socket]?.proof, rooms: rooms)
        }
        guard var name = held[entry.socket], name.login == entry.login, name.phase == .unconfirmed
        else { return nil }
        if inDoubt[entry.socket] != nil, let shown = seen[name.producer] {
            name.accept(shown, at: 0)
        }
        name.phase = .reclaiming
        name.context = context
        held[entry.socket] = name
        let rooms = roomsToClaim(entry.socket, name, isNew: false)
        return name.claim(proof: nil, rooms: rooms)
    }

    /// Queues the new logins that have waited for the end of a grace.
    mutating func queueAfterGrace() {
        for index in wanted.values.indices where wanted.values[index].phase == .waitingForGrace {
            wanted.values[index].phase = .waitingToAsk
            wanted.values[index].hasWaitedForGrace = true
            claims.addNew(.init(socket: wanted.keys[index], login: wanted.values[index].login))
        }
    }

    /// Marks a held name: it must be claimed again before it is used again.
    mutating func markUnconfirmed(_ socket: SocketID) {
        guard let name = held[socket], name.phase == .held else { return }
        held[socket]?.phase = .unconfirmed
        claims.addAgain(.init(socket: socket, login: name.login))
        markClaimsReady()
    }

    /// Marks a held name again whose claim was neither granted nor lost to another login.
    private mutating func claimFailed(_ socket: SocketID) {
        held[socket]?.phase = .held
        markUnconfirmed(socket)
    }
}

// MARK: - Giving up

extension BrokerClient {
    /// Refuses claims that have waited too long: for the broker, or for the end of a grace after
    /// which another one has begun. A grace may end `gracePatience` after the login; then the claims that
    /// have waited for it are sent, call by call.
    mutating func giveUpWaiting(_ now: Instant, _ effects: inout [Effect]) {
        for (socket, name) in wanted {
            let patience: Duration
            switch name.phase {
            case .waitingToAsk where name.hasWaitedForGrace:
                patience = Limits.gracePatience + Limits.claimPatience
            case .waitingToAsk: patience = Limits.claimPatience
            case .waitingForGrace: patience = Limits.gracePatience
            case .claiming, .held, .unconfirmed, .reclaiming: continue
            }
            if isOutage || now >= name.since + patience {
                // If the broker answers, it answers too slowly for all of them.
                let outcome: ClaimOutcome =
                    canAsk && name.phase == .waitingToAsk
                    ? .crowded(retryAfter: arrivals.nextTurn(now: now))
                    : .unavailable(reason: reason)
                giveUp(socket, outcome, &effects)
            }
        }
    }

    /// Gives up a claim that is not in flight. An earlier attempt of the same claim may have been
    /// granted, and is then released.
    mutating func giveUp(
        _ socket: SocketID,
        _ outcome: ClaimOutcome,
        _ effects: inout [Effect]
    ) {
        guard let name = wanted.removeValue(forKey: socket) else { return }
        credentials[socket] = nil
        if name.mayBeGranted { beginRelease(name, name.involuntary, waiting: nil, &effects) }
        effects.append(.tell(socket, .claimed(outcome)))
    }
}

// MARK: - Answers

extension BrokerClient {
    /// Takes the answer to a call of claims.
    mutating func claimsAnswered(
        _ context: ClaimContext,
        _ answer: ClaimAnswer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        switch answer {
        case .verdicts(let verdicts):
            var later: [ClaimQueue.Entry] = []
            for index in 0..<min(claims.inFlight.count, verdicts.count) {
                let entry = claims.inFlight[index]
                if case .later = verdicts[index] {
                    later.append(entry)
                } else {
                    take(verdicts[index], entry, now, &effects)
                }
            }
            queueAgain(later)
        case .unregistered, .otherEpoch:
            // Asked again with the registration that is announced next, or was meanwhile.
            if context.holds(in: registration) { recheckRegistration(&effects) }
            queueAgain(claims.inFlight)
        }
        markClaimsReady()
    }

    /// Handles a call of claims that was refused before anything was written.
    mutating func claimsRefused(
        _ reason: String,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        for index in claims.inFlight.indices {
            take(.refused(reason: reason), claims.inFlight[index], now, &effects)
        }
        claims.endCall()
        markClaimsReady()
    }

    /// Handles a call of claims that will never be answered. A new name may have been granted: it is
    /// asked for again, with the same login, and the broker answers as it did the first time; or it
    /// is released, if its client has waited too long. A held name is claimed once more.
    mutating func claimsCut() {
        for entry in claims.inFlight where wanted[entry.socket]?.login == entry.login {
            wanted[entry.socket]?.mayBeGranted = true
        }
        queueAgain(claims.inFlight)
    }

    /// Ends the call of claims, and queues some of them again: new logins before those that have come
    /// since.
    private mutating func queueAgain(_ entries: [ClaimQueue.Entry]) {
        var new: [ClaimQueue.Entry] = []
        for entry in entries {
            if wanted[entry.socket]?.login == entry.login {
                wanted[entry.socket]?.phase = .waitingToAsk
                new.append(entry)
            } else if held[entry.socket]?.login == entry.login {
                claimFailed(entry.socket)
            }
        }
        claims.putBackNew(new)
        claims.endCall()
    }

    private mutating func take(
        _ verdict: ClaimVerdict,
        _ entry: ClaimQueue.Entry,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        if wanted[entry.socket]?.login == entry.login {
            takeNew(verdict, entry.socket, now, &effects)
        } else if held[entry.socket]?.login == entry.login {
            takeAgain(verdict, entry, now, &effects)
        }
        // Otherwise the name was given up meanwhile, and its release comes after the claim.
    }

    /// Takes the verdict on the claim of a new login.
    private mutating func takeNew(
        _ verdict: ClaimVerdict,
        _ socket: SocketID,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        switch verdict {
        case .granted(let grant):
            takeGrant(grant, socket, now, &effects)
        case .taken, .lost, .replaced:
            wanted[socket] = nil
            credentials[socket] = nil
            effects.append(.tell(socket, .claimed(.taken())))
        case .successorStands:
            wanted[socket] = nil
            credentials[socket] = nil
            effects.append(.tell(socket, .claimed(.taken(retryAfter: Limits.retryAfter))))
        case .refused(let reason):
            giveUp(socket, .unavailable(reason: reason), &effects)
        case .grace:
            wanted[socket]?.phase = .waitingForGrace
            if registration?.isGrace == false {
                // The grace was over before the answer came, or has begun again: only a new look
                // tells.
                recheckRegistration(&effects)
            }
        case .later: break
        }
    }

    /// Takes the grant of a name to a new login.
    private mutating func takeGrant(
        _ grant: Grant,
        _ socket: SocketID,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard var name = wanted.removeValue(forKey: socket) else { return }
        let secret = credentials.removeValue(forKey: socket)?.secret
        // A name that is granted anew begins with the claim's own producer, and with no message.
        let isNew = grant.producer == name.producer && grant.n == 0
        let resumedAt = isNew ? nil : grant.n
        name.hold(grant)
        guard isLeaseValid(now) else {
            // Too late: another login may hold it by now.
            beginRelease(name, resumedAt == nil ? .delete : .empty, waiting: nil, &effects)
            return effects.append(.tell(socket, .claimed(.unavailable(reason: Self.lostTouch))))
        }
        former[socket] = held.updateValue(name, forKey: socket)
        if name.isResumable { takeRooms(grant, socket, now) }
        if isOutdated(name) { markUnconfirmed(socket) }
        let outcome = ClaimOutcome.granted(secret: secret, resumedAt: resumedAt)
        effects.append(.tell(socket, .claimed(outcome)))
    }

    /// Takes the verdict on a name that was claimed again.
    private mutating func takeAgain(
        _ verdict: ClaimVerdict,
        _ entry: ClaimQueue.Entry,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        let socket = entry.socket
        guard let name = held[socket] else { return }
        switch verdict {
        case .granted(let grant):
            held[socket]?.hold(grant)
            confirmRooms(socket)
            // If the registration has changed meanwhile, another claim is needed, which settles.
            if isOutdated(name) { markUnconfirmed(socket) } else { settle(socket, now, &effects) }
        case .lost, .replaced, .taken, .successorStands:
            loseName(socket, isReplaced: verdict == .replaced, &effects)
        case .refused:
            held[socket]?.phase = .unconfirmed
            postponed.append(entry)
            isRetryDue = true
        case .grace:
            claimFailed(socket)
            if !isOutdated(name) { recheckRegistration(&effects) }
        case .later: break
        }
    }

    /// Whether the name was asked for with another registration than the current one.
    private func isOutdated(_ name: HeldName) -> Bool {
        !name.context.holds(in: registration)
    }
}
