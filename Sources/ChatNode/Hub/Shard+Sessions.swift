import ChatCore
import ChatSupport

/// Carries out what sessions want.
extension Shard {
    /// Hands an event to a session and carries out the effects that it wants, in order.
    func updateSession(
        of connection: Connection,
        _ event: (inout Session, inout [Session.Effect]) -> Void
    ) {
        // One buffer serves all sessions; a nested call, which is rare, makes its own.
        var effects: [Session.Effect] = []
        swap(&effects, &spareEffects)
        event(&connection.session, &effects)
        var index = 0
        while index < effects.count {
            let effect = effects[index]
            if case .tell = effect {
                tell(effects, from: &index, connection)
            } else {
                index += 1
                carryOut(effect, of: connection)
            }
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &spareEffects)
    }

    /// Tells a client of successive events in one send: the answer to a call settles many messages.
    private func tell(
        _ effects: [Session.Effect],
        from index: inout Int,
        _ connection: Connection
    ) {
        var frames: [UInt8] = []
        while index < effects.count, case .tell(let event) = effects[index] {
            connection.append(event, to: &frames)
            index += 1
        }
        if !frames.isEmpty { connection.sendPrivate(frames) }
    }

    /// Hands a message to a session. Publications that the session asks for are collected until it
    /// asks for something else or `carryOutCollected` is called, so that the messages of one read are
    /// handed over together.
    func receive(_ text: RawSpan, from connection: Connection, at now: Instant) {
        if !Self.collect(text, connection.dialect, now, &connection.session, &collected) {
            carryOutCollected(of: connection)
        }
    }

    /// Returns whether all collected effects are publications. The last two are borrowed once:
    /// accessed as properties of objects they cost 120 instructions each time.
    private static func collect(
        _ text: RawSpan,
        _ dialect: Dialect,
        _ now: Instant,
        _ session: inout Session,
        _ collected: inout [Session.Effect]
    ) -> Bool {
        dialect.receive(text, by: &session, now: now, into: &collected)
        guard let last = collected.last else { return true }
        if case .publish = last { return true }
        return false
    }

    /// Carries out the collected effects, in order.
    func carryOutCollected(of connection: Connection) {
        var effects: [Session.Effect] = []
        swap(&effects, &collected)
        guard !effects.isEmpty else { return }
        let now = Clock.now
        var index = 0
        while index < effects.count {
            if case .publish = effects[index] {
                updateClient { Self.publish(effects, from: &index, now, &$0, &$1) }
            } else {
                index += 1
                carryOut(effects[index - 1], of: connection)
            }
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &collected)
    }

    /// Hands over all publications from `index` on, up to the next other effect.
    private static func publish(
        _ wanted: [Session.Effect],
        from index: inout Int,
        _ now: Instant,
        _ client: inout BrokerClient,
        _ effects: inout [BrokerClient.Effect]
    ) {
        while index < wanted.count, case .publish(let draft) = wanted[index] {
            client.publish(draft, now: now, into: &effects)
            index += 1
        }
    }

    private func carryOut(_ effect: Session.Effect, of connection: Connection) {
        switch effect {
        case .tell(let event):
            connection.tell(event)
        case .claim(let username):
            claim(username, isResumable: false, proof: nil, for: connection)
        case .claimResumable(let username, let proof):
            claim(username, isResumable: true, proof: proof, for: connection)
        case .cancelClaim:
            updateClient { $0.cancelClaim(for: connection.id, into: &$1) }
        case .release(let username, let action):
            updateClient {
                $0.release(username, for: connection.id, action, now: Clock.now, into: &$1)
            }
        case .publish(let draft):
            updateClient { $0.publish(draft, now: Clock.now, into: &$1) }
        case .enter where !isListening(connection), .hear where !isListening(connection),
            .readHistory where !isListening(connection):
            // What it waits for has come too late.
            break
        case .enter(let room, let mayBegin):
            updateClient {
                $0.enter(
                    room,
                    for: connection.id,
                    mayBegin: mayBegin,
                    now: Clock.now,
                    into: &$1
                )
            }
        case .hear(let room, let start):
            updateClient { client, _ in client.beginPresence(in: room, of: connection.id) }
            hear(room, from: start, by: connection)
        case .readHistory(let room, let range, let subject):
            request(.history(range, subject), of: room, by: connection.id)
        case .typing(let room, let name):
            broker.typing(name, in: room)
            callMade()
        case .leave(let room):
            // A client whose socket has ended does not leave: its name may linger in the room.
            if isListening(connection) {
                updateClient { client, _ in client.endPresence(in: room, of: connection.id) }
            }
            leave(room, connection)
        case .close(let code, let reason):
            connection.close(code, "\(reason)")
        case .finished:
            client.sessionEnded(connection.id)
            connection.sessionFinished()
        }
    }
}
