import ChatCore
import ChatSupport

/// A client that waits until this node has heard as much of a room as the client has.
struct EarlyJoin {
    let id: SocketID
    /// Where the client stood.
    let stood: Position
    /// What it has asked for.
    let start: Session.Start
    let since: Instant
}

/// Clients that come from a node that is ahead of this one, by the time that a message takes or by more.
///
/// To tell them at once where this node stands would send them messages a second time, and say that
/// their position is not of the room's history.
extension Shard {
    /// Lets a client wait, and has the room caught up with, or at a later tick if that was done lately.
    func wait(
        _ connection: Connection,
        for stood: Position,
        _ start: Session.Start,
        in room: Room
    ) {
        let now = Clock.now
        if !roomsWithEarlyJoins.contains(where: { $0 === room }) {
            roomsWithEarlyJoins.append(room)
        }
        room.early.append(EarlyJoin(id: connection.id, stood: stood, start: start, since: now))
        recheckIfDue(room, now)
    }

    /// Has a room caught up with, not more often than `Limits.earlyJoinInterval`: a client can name any
    /// position, and the room's members wait for messages meanwhile.
    private func recheckIfDue(_ room: Room, _ now: Instant) {
        guard now >= room.recheckedAt + Limits.earlyJoinInterval else { return }
        room.recheckedAt = now
        broker.recheck(room.name)
    }

    /// Has those clients hear a room which the node is not behind any more; all of them if the room has
    /// been caught up with.
    func admitEarly(in room: Room, isCaughtUp: Bool) {
        let ready = room.early.filter { isCaughtUp || !room.isBehind($0.stood) }
        guard !ready.isEmpty else { return }
        room.early.removeAll { isCaughtUp || !room.isBehind($0.stood) }
        for join in ready {
            guard let connection = connection(join.id), isListening(connection) else { continue }
            begin(room, from: join.start, by: connection, since: join.since)
        }
    }

    /// Has rooms caught up with for which clients still wait, and tells those that have waited too long
    /// that the room cannot be heard at present.
    func giveUpEarlyJoins(_ now: Instant) {
        guard !roomsWithEarlyJoins.isEmpty else { return }
        for room in roomsWithEarlyJoins {
            let late = room.early.filter { now >= $0.since + Limits.publishPatience }
            room.early.removeAll { now >= $0.since + Limits.publishPatience }
            for join in late {
                guard let connection = connection(join.id) else { continue }
                updateSession(of: connection) {
                    let answer = BrokerClient.SessionAnswer.notEntered(
                        room.name,
                        reason: BrokerClient.lostTouch
                    )
                    $0.take(answer, into: &$1)
                }
            }
            if !room.early.isEmpty { recheckIfDue(room, now) }
            forgetIfClosed(room)
        }
        roomsWithEarlyJoins.removeAll { $0.early.isEmpty }
    }
}
