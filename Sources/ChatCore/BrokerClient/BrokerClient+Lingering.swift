/// Names that outlive their sockets for a moment, and names that are taken over: what lets a user come
/// back, on any node, to where it was.
///
/// A name that lingers is held like any other: it is claimed again in a new epoch, and the audit knows
/// it. But it has no session that could be told.
extension BrokerClient {
    /// Keeps a name whose socket is gone.
    mutating func beginLingering(
        _ socket: SocketID,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard let name = held[socket] else { return }
        held[socket]?.isLingering = true
        lingering.append((socket, now + linger))
        guard canAsk else { return }
        pending.append(.lingering)
        let release = Release(
            key: name.username.key,
            incarnation: name.context.incarnation,
            condition: .login(name.login),
            action: .linger
        )
        effects.append(.call(.release(release)))
    }

    /// Gives up the names whose users have not come back in time, and leaves the rooms that users who have
    /// come back have not joined again.
    mutating func endLingering(_ now: Instant, _ effects: inout [Effect]) {
        var rest = Limits.lingerEndsPerTick
        while rest > 0, let next = lingering.first, next.until <= now {
            _ = lingering.popFirst()
            if stopLingering(next.socket, &effects) { rest -= 1 }
        }
        while let next = keeping.first, next.until <= now {
            _ = keeping.popFirst()
            endKeeping(next.socket)
        }
    }

    /// Gives up all names that linger, and lets none linger from now on: the node is leaving, and its
    /// users come back on other nodes.
    public mutating func leave(into effects: inout [Effect]) {
        linger = .zero
        for (socket, _) in lingering.takeAll() { _ = stopLingering(socket, &effects) }
    }

    /// Gives up a name that lingers. Returns false if it was taken over meanwhile.
    private mutating func stopLingering(_ socket: SocketID, _ effects: inout [Effect]) -> Bool {
        guard held[socket]?.isLingering == true, let name = held.removeValue(forKey: socket)
        else { return false }
        forgetRecordedRooms(socket, isOver: true)
        beginRelease(name, .empty, waiting: nil, &effects)
        return true
    }

    /// The number of names whose releases have no answer yet.
    public var releasingCount: Int { releasing.count }
}

// MARK: - Take-over

extension BrokerClient {
    /// Takes that a newer login of the same user has taken a name over, most likely on another node. The
    /// login is perhaps not one of this loop's: what becomes of it is done at the end of the turn.
    public mutating func replaced(_ login: LoginID) { replaced.insert(login) }

    /// Ends the logins that were replaced.
    ///
    /// Cost: a look at each name of the loop, however many logins were replaced. When a balancer fails, all
    /// its clients take their names over.
    mutating func loseReplaced(_ effects: inout [Effect]) {
        let lost = held.values.indices.filter { replaced.contains(held.values[$0].login) }
        replaced = []
        for socket in lost.map({ held.keys[$0] }) {
            loseName(socket, isReplaced: true, &effects)
        }
    }

    /// Takes that names may have been taken over without this node's being told: those that can be are
    /// claimed once more, which tells. Few at a time, because their holders can send nothing meanwhile; one
    /// that was taken over cannot either way.
    public mutating func mayHaveMissedReplacements() {
        unreviewed = held.keys.filter { held[$0]?.isResumable == true }
        unreviewed += wanted.keys.filter { wanted[$0]?.isResumable == true }
        markClaimsReady()
    }

    /// Claims some of those names once more, if no other claim waits.
    mutating func reviewNames() {
        guard claims.isEmpty, claims.inFlight.isEmpty, canAsk else { return }
        var count = 0
        var later: [SocketID] = []
        while count < Limits.claimsPerCall, let socket = unreviewed.popLast() {
            // The answer to a claim that is on its way may be older than what was missed.
            guard wanted[socket] == nil else {
                later.append(socket)
                continue
            }
            guard let name = held[socket], name.phase == .held else { continue }
            held[socket]?.phase = .unconfirmed
            claims.addAgain(.init(socket: socket, login: name.login))
            count += 1
        }
        unreviewed += later
    }
}
