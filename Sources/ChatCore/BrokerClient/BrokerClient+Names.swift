/// The outcome of a claim, as a session is told.
public enum ClaimOutcome: Sendable, Hashable {
    /// The name belongs to the session's login. `secret` takes it over later, and is nil if the session
    /// has had the name before, or cannot be taken over from. `resumedAt` is the number of the last
    /// message that was accepted under it, if this login has taken it over; nil: it begins anew.
    case granted(secret: LoginSecret? = nil, resumedAt: UInt64? = nil)
    /// Another login holds the name. `retryAfter` is set if it is one that has taken the name over with the
    /// same secret: perhaps its client never learned of it, and its socket is noticed to be gone soon.
    case taken(retryAfter: Duration? = nil)
    /// Whether the name is free cannot be found out now; `reason` is for people.
    case unavailable(reason: String)
    /// Too many sessions ask for names at present; another attempt has its turn then.
    case crowded(retryAfter: Duration)
    /// The claim was not sent: `cancelClaim` has given it up.
    case cancelled
}

extension BrokerClient {
    /// Asks for a name for a session. `claimed` answers: at once if the broker has been out of
    /// reach for longer than a moment, or if the session has the name already.
    ///
    /// A resumable login is given a secret, with which the same user takes the name over later; `proof`
    /// is what a secret of the user proves now.
    public mutating func claim(
        _ username: Username,
        for socket: SocketID,
        isResumable: Bool = false,
        proof: LoginID? = nil,
        using random: inout some RandomNumberGenerator,
        now: Instant,
        into effects: inout [Effect]
    ) {
        guard mayAskSoon, let context, isLeaseValid(now) else {
            return effects.append(.tell(socket, .claimed(.unavailable(reason: reason))))
        }
        if let name = held[socket], name.username == username {
            let isConfirmed = name.phase == .held && !isRechecking
            if isConfirmed { held[socket]?.username = username }
            let outcome =
                isConfirmed ? ClaimOutcome.granted() : .unavailable(reason: Self.lostTouch)
            return effects.append(.tell(socket, .claimed(outcome)))
        }
        if let wait = arrivals.admit(now: now) {
            return effects.append(.tell(socket, .claimed(.crowded(retryAfter: wait))))
        }
        let login = isResumable ? secretLogin(socket, proof, &random) : LoginID(using: &random)
        wanted[socket] = HeldName(
            username: username,
            login: login,
            since: now,
            phase: .waitingToAsk,
            isResumable: isResumable,
            context: context,
            producer: ProducerID(using: &random)
        )
        claims.addNew(.init(socket: socket, login: login))
        markClaimsReady()
    }

    /// Draws the secret of a login, and returns the login's id.
    private mutating func secretLogin(
        _ socket: SocketID,
        _ proof: LoginID?,
        _ random: inout some RandomNumberGenerator
    ) -> LoginID {
        let secret = LoginSecret(using: &random)
        credentials[socket] = Credentials(secret: secret, proof: proof)
        return LoginID(secret)
    }

    /// Gives up the claim of a session whose socket is closed, if it has not been sent: then `claimed`
    /// answers now, and nothing is sent. Otherwise the broker's answer does.
    public mutating func cancelClaim(for socket: SocketID, into effects: inout [Effect]) {
        switch wanted[socket]?.phase {
        case .waitingToAsk, .waitingForGrace: giveUp(socket, .cancelled, &effects)
        case .claiming, .held, .unconfirmed, .reclaiming, nil: break
        }
    }

    /// Gives up a session's name. `released` answers: at once if the broker cannot be asked, and the
    /// release is sent later; or if the name lingers.
    public mutating func release(
        _ username: Username,
        for socket: SocketID,
        _ action: Release.Action = .delete,
        now: Instant,
        into effects: inout [Effect]
    ) {
        if action == .linger, linger > .zero, held[socket]?.username == username {
            beginLingering(socket, now, &effects)
            return effects.append(.tell(socket, .released))
        }
        guard let name = formerName(username, socket, &effects) else {
            return effects.append(.tell(socket, .released))
        }
        let action = action == .linger ? .empty : action
        beginRelease(name, action, waiting: socket, &effects)
    }

    /// The number of names that sessions of this loop hold.
    public var nameCount: Int { held.count }

    /// Whether each name is, or may be, this loop's: asked for, held, or not proven to be given up.
    public func mayHold(_ keys: [String]) -> [Bool] {
        // A set of the names in question, which are few, and not of those held, which are many.
        let asked = Set(keys)
        var mine: Set<String> = []
        for name in held.values where asked.contains(name.username.key) {
            mine.insert(name.username.key)
        }
        for name in wanted.values where asked.contains(name.username.key) {
            mine.insert(name.username.key)
        }
        for release in releasing.values where asked.contains(release.key) {
            mine.insert(release.key)
        }
        return keys.map(mine.contains)
    }

    /// The hashes of all those names: a few bytes each, to compare many names with.
    public var keyHashes: Set<Int> {
        var hashes = Set<Int>(minimumCapacity: held.count + wanted.count + releasing.count)
        for name in held.values { hashes.insert(name.username.key.hashValue) }
        for name in wanted.values { hashes.insert(name.username.key.hashValue) }
        for release in releasing.values { hashes.insert(release.key.hashValue) }
        return hashes
    }

    /// Removes and returns the name that a socket gives up. After a change of name it is the former
    /// one.
    private mutating func formerName(
        _ username: Username,
        _ socket: SocketID,
        _ effects: inout [Effect]
    ) -> HeldName? {
        if former[socket]?.username == username { return former.removeValue(forKey: socket) }
        guard let name = held[socket], name.username == username else { return nil }
        held[socket] = nil
        // A session gives its name up with messages unsettled only while the broker cannot be reached.
        endInDoubt(socket, name, &effects)
        forgetRecordedRooms(socket)
        return name
    }

    /// Begins to give up a name. A socket that waits is told at once if the release cannot be sent.
    mutating func beginRelease(
        _ name: HeldName,
        _ action: Release.Action,
        waiting socket: SocketID?,
        _ effects: inout [Effect]
    ) {
        var release = PendingRelease(
            key: name.username.key,
            incarnation: name.context.incarnation,
            action: action,
            socket: socket
        )
        if canAsk {
            release.isSent = true
            pending.append(.release(name.login))
            effects.append(.call(.release(release.release(name.login))))
        } else if let socket {
            release.socket = nil
            effects.append(.tell(socket, .released))
        }
        releasing[name.login] = release
    }
}

// MARK: - Losing

extension BrokerClient {
    /// Ends a login whose name has passed on.
    mutating func loseName(
        _ socket: SocketID,
        isReplaced: Bool,
        _ effects: inout [Effect]
    ) {
        guard let name = held.removeValue(forKey: socket) else { return }
        forgetRecordedRooms(socket, isOver: name.isLingering)
        // Its session is over.
        guard !name.isLingering else { return }
        effects.append(.tell(socket, .nameLost(name.username, isReplaced: isReplaced)))
        endInDoubt(socket, name, &effects)
        markAllReady()
    }
}

// MARK: - Releasing

extension BrokerClient {
    mutating func releaseAnswered(_ login: LoginID, _ effects: inout [Effect]) {
        guard let release = releasing.removeValue(forKey: login) else { return }
        if let socket = release.socket { effects.append(.tell(socket, .released)) }
    }

    /// Handles a release that will never be answered: it is sent again later. A socket that waits
    /// is told now.
    mutating func releaseCut(_ login: LoginID, _ effects: inout [Effect]) {
        releasing[login]?.isSent = false
        guard let socket = releasing[login]?.socket else { return }
        releasing[login]?.socket = nil
        effects.append(.tell(socket, .released))
    }
}
