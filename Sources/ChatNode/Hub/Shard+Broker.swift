import ChatCore
import ChatSupport
import NIOCore

/// What a loop asks of the broker for its sessions, and what the broker tells it.
extension Shard {
    /// Hands an event to the client and carries out the effects that it wants.
    func updateClient(_ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void) {
        var isTurnEmpty = true
        clientEffects.run({ isTurnEmpty = Self.take(event, &client, &$0) }, carryOut)
        if !isTurnEmpty { scheduleTurnEnd() }
    }

    /// Returns whether nothing is to be done at the turn's end. Whatever changes that later goes
    /// through `updateClient` too.
    @inline(__always)
    private static func take(
        _ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void,
        _ client: inout BrokerClient,
        _ effects: inout [BrokerClient.Effect]
    ) -> Bool {
        event(&client, &effects)
        return client.isTurnEmpty
    }

    /// Asks for a name for a session.
    func claim(
        _ username: Username,
        isResumable: Bool,
        proof: LoginID?,
        for connection: Connection
    ) {
        endHolder(of: username)
        updateClient {
            $0.claim(
                username,
                for: connection.id,
                isResumable: isResumable,
                proof: proof,
                using: &random,
                now: Clock.now,
                into: &$1
            )
        }
    }

    private func carryOut(_ effect: BrokerClient.Effect) {
        switch effect {
        case .call(let call):
            metrics.called(call)
            broker.send(call)
            callMade()
        case .tell(let socket, let answer):
            if case .settled(let settlement, let drafts) = answer {
                metrics.settled(settlement, drafts.count)
            }
            guard let connection = connection(socket) else {
                preconditionFailure("a session outlives what it waits for")
            }
            updateSession(of: connection) { $0.take(answer, into: &$1) }
        case .moderated(let number, let outcome):
            moderations.removeValue(forKey: number)?.succeed(outcome)
        case .recheckRegistration:
            broker.recheckRegistration()
        case .recheckRoom(let room):
            broker.recheck(room)
        case .enterRoom(let room):
            if let heard = rooms[room], heard.history.position != nil, !heard.isClosed {
                heard.entries += 1
            }
            broker.enter(room)
        case .leaveRoom(let room):
            broker.leave(room)
        }
    }
}

extension Shard: BrokerEvents {
    func leaseExpires(at instant: Instant) {
        client.leaseExpiry = instant
    }

    func registrationChanged(_ registration: Registration, seen: [ProducerID: UInt64]) {
        updateClient { $0.registrationChanged(registration, seen: seen, into: &$1) }
    }

    func connected() {
        updateClient { $0.linkUp(now: Clock.now, into: &$1) }
        updateRequests { $0.connected(now: Clock.now, in: self, into: &$1) }
    }

    func disconnected(_ reason: String) {
        updateClient { $0.linkLost(reason, now: Clock.now, into: &$1) }
    }

    func answered(_ answer: BrokerAnswer) {
        updateClient { $0.answered(answer, now: Clock.now, into: &$1) }
    }

    func replaced(_ login: LoginID) {
        updateClient { client, _ in client.replaced(login) }
    }

    func mayHaveMissedReplacements() {
        updateClient { client, _ in client.mayHaveMissedReplacements() }
    }

    func mayHold(_ keys: [String]) -> [Bool] {
        client.mayHold(keys)
    }

    var keyHashes: Set<Int> { client.keyHashes }
}
