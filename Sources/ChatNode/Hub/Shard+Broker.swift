import ChatCore
import NIOCore

/// What a loop asks of the broker for its sessions, and what it hears.
extension Shard {
    /// Lets the client take an event and carries out what it wants done.
    func ask(_ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void) {
        var isTurnEmpty = true
        clientEffects.run({ isTurnEmpty = Self.take(event, &client, &$0) }, carryOut)
        if !isTurnEmpty { scheduleTurnEnd() }
    }

    /// The answer is whether nothing is to be done for the turn's end. What is carried out after that
    /// and changes it comes by way of `ask` as well.
    @inline(__always)
    private static func take(
        _ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void,
        _ client: inout BrokerClient,
        _ effects: inout [BrokerClient.Effect]
    ) -> Bool {
        event(&client, &effects)
        return client.isTurnEmpty
    }

    private func carryOut(_ effect: BrokerClient.Effect) {
        switch effect {
        case .call(let call):
            metrics.called(call)
            broker.send(call)
            callMade()
        case .claimed(let socket, let outcome):
            tell(socket) { $0.claimed(outcome, into: &$1) }
        case .released(let socket):
            tell(socket) { $0.released(into: &$1) }
        case .settled(let socket, let settlement, let count):
            metrics.settled(settlement, count)
            tell(socket) { $0.settled(settlement, count: count, into: &$1) }
        case .stalled(let socket, let isStalled):
            tell(socket) { $0.stalled(isStalled, into: &$1) }
        case .nameLost(let socket, let username):
            tell(socket) { $0.nameLost(username, into: &$1) }
        case .doubtStanding:
            broker.doubtStanding()
        case .doubtRoom(let room):
            broker.doubt(room)
        }
    }

    private func tell(_ socket: SocketID, _ event: (inout Session, inout [Effect]) -> Void) {
        guard let connection = connection(socket) else {
            preconditionFailure("a session outlives what it waits for")
        }
        run(connection, event)
    }

    /// The answer to this loop's oldest call that had none.
    func answered(_ answer: BrokerAnswer) {
        ask { $0.answered(answer, now: Clock.now, into: &$1) }
    }

    /// This loop can reach the broker.
    func linkUp() {
        ask { $0.linkUp(now: Clock.now, into: &$1) }
    }

    /// It cannot; what to tell people.
    func linkLost(_ reason: String) {
        ask { $0.linkLost(reason, now: Clock.now, into: &$1) }
    }

    /// What the node is to the broker, and what its subscription had shown by then.
    func stands(_ standing: Standing, seen: [Lineage: UInt64]) {
        ask { $0.stands(standing, seen: seen, into: &$1) }
    }

    /// Until then the node's names are sure.
    func sure(until horizon: Instant) {
        client.horizon = horizon
    }

    /// A room is caught up, and may be published in from there on.
    func opened(_ room: RoomName, at position: Position) {
        ask { client, _ in client.opened(room, at: position) }
    }

    /// Which of these names are, or may be, this loop's.
    func mayHold(_ keys: [String]) -> [Bool] {
        client.mayHold(keys)
    }

    /// The hashes of all that are.
    var keyHashes: Set<Int> { client.keyHashes }
}
