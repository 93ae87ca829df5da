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

    /// Gives up the names whose users have not come back in time.
    mutating func endLingering(_ now: Instant, _ effects: inout [Effect]) {
        while let next = lingering.first, next.until <= now {
            _ = lingering.popFirst()
            stopLingering(next.socket, &effects)
        }
    }

    /// Gives up all names that linger, and lets none linger from now on: the node is leaving, and its
    /// users come back on other nodes.
    public mutating func leave(into effects: inout [Effect]) {
        linger = .zero
        for (socket, _) in lingering.takeAll() { stopLingering(socket, &effects) }
    }

    private mutating func stopLingering(_ socket: SocketID, _ effects: inout [Effect]) {
        // Unless it was taken over meanwhile.
        guard let name = held.removeValue(forKey: socket) else { return }
        beginRelease(name, .empty, waiting: nil, &effects)
    }

    /// The number of names whose releases have no answer yet.
    public var releasingCount: Int { releasing.count }
}

// MARK: - Take-over

extension BrokerClient {
    /// Takes that a newer login of the same user has taken a name over, most likely on another node. The
    /// login is perhaps not one of this loop's.
    ///
    /// Cost: a look at each name of the loop.
    public mutating func replaced(_ login: LoginID, into effects: inout [Effect]) {
        if let index = held.values.firstIndex(where: { $0.login == login }) {
            loseName(held.keys[index], isReplaced: true, &effects)
        } else if let index = wanted.values.firstIndex(where: { $0.login == login }) {
            // It is told of its name first, when the answer to its claim comes.
            wanted.values[index].isReplacedEarly = true
        }
    }

    /// Takes that names may have been taken over without this node's being told: those that can be are
    /// claimed once more, which tells.
    public mutating func mayHaveMissedReplacements(into effects: inout [Effect]) {
        for index in held.values.indices where held.values[index].isResumable {
            markUnconfirmed(held.keys[index])
        }
    }
}
