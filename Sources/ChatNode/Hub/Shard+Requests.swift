import ChatCore
import ChatSupport
import NIOCore

/// Carries out what clients need of rooms' histories (`LogRequests`).
extension Shard: RoomHistories {
    func history(of room: RoomName) -> RoomHistory? { rooms[room]?.history }

    /// Hands an event to the requests and carries out the effects that they want.
    func updateRequests(_ event: (inout LogRequests, inout [LogRequests.Effect]) -> Void) {
        requestEffects.run({ event(&requests, &$0) }, carryOut)
    }

    /// Takes what a client needs of a room's history.
    func request(_ need: LogRequests.Need, of room: RoomName, by id: SocketID) {
        updateRequests {
            $0.ask(
                need,
                of: room,
                by: id,
                isBlocked: writers[Int(id.slot)].isBlocked,
                now: Clock.now,
                in: self,
                into: &$1
            )
        }
    }

    /// Begins with a client's next request, if the answer to the one before has left.
    func answerHasLeft(to id: SocketID) {
        updateRequests { $0.socketIsFree(id, now: Clock.now, in: self, into: &$1) }
    }

    private func carryOut(_ effect: LogRequests.Effect) {
        switch effect {
        case .join(let id, let name, let beginning):
            guard let connection = listener(id) else { return }
            guard let room = rooms[name] else {
                // It was forgotten when the effect before this one was carried out.
                return refuse(.join(.now), of: name, to: connection, .unavailable)
            }
            notePagesUsed(of: room)
            add(connection, to: room, at: beginning)
        case .history(let id, let name, let items, let hasMore):
            guard let connection = listener(id) else { return }
            if let room = rooms[name] { notePagesUsed(of: room) }
            connection.tell(.history(name, items: items, hasMore: hasMore))
        case .goOn(let id, let name, let cursor, let changes):
            guard let connection = listener(id), let room = rooms[name] else { return }
            notePagesUsed(of: room)
            goOn(connection, in: room, at: cursor, telling: changes)
        case .refuse(let id, let room, let need, let refusal):
            if let connection = listener(id) { refuse(need, of: room, to: connection, refusal) }
        case .checkSocket(let id):
            checkSocket(id)
        case .readPage(let room):
            readPage(of: room)
        case .recheck(let room):
            if let room = rooms[room] { recheckIfDue(room, Clock.now) }
        case .serveLater(let room):
            loop.assumeIsolated().execute { [self] in
                updateRequests { $0.serve(room, now: Clock.now, in: self, into: &$1) }
            }
        case .idle(let room):
            if let room = rooms[room] { forgetIfClosed(room) }
        }
    }

    /// A client whose socket is open; one that is not is forgotten by the requests.
    private func listener(_ id: SocketID) -> Connection? {
        connection(id).flatMap { isListening($0) ? $0 : nil }
    }

    private func checkSocket(_ id: SocketID) {
        updateRequests {
            guard listener(id) != nil else { return $0.forget(id, into: &$1) }
            $0.answered(
                id,
                hasLeft: !writers[Int(id.slot)].isBlocked,
                now: Clock.now,
                in: self,
                into: &$1
            )
        }
    }

    private func refuse(
        _ need: LogRequests.Need,
        of room: RoomName,
        to connection: Connection,
        _ refusal: LogRequests.Refusal
    ) {
        switch need {
        case .join:
            updateSession(of: connection) {
                $0.take(.notEntered(room, reason: BrokerClient.lostTouch), into: &$1)
            }
        case .history(_, let subject):
            let why: Session.Refusal =
                switch refusal {
                case .notInRoom: .notInRoom
                case .tooMany: .tooMuch(retryAfter: Limits.retryAfter)
                case .unavailable:
                    .unavailable(reason: BrokerClient.lostTouch, retryAfter: Limits.retryAfter)
                }
            updateSession(of: connection) { $0.historyFailed(why, about: subject, into: &$1) }
        case .goOn:
            // The node has forgotten the room, and the member with it.
            break
        }
    }

    private func recheckIfDue(_ room: Room, _ now: Instant) {
        guard now >= room.recheckedAt + Limits.earlyJoinInterval else { return }
        room.recheckedAt = now
        broker.recheck(room.name)
    }
}

// MARK: - Pages

/// A page of a room's log is put in front of the room's backlog, so that all clients that need it share it.
extension Shard {
    private func readPage(of name: RoomName) {
        guard let room = rooms[name], let seq = room.prepareForPage(now: Clock.now) else { return }
        if !roomsWithPages.contains(where: { $0 === room }) { roomsWithPages.append(room) }
        broker.read(HistoryCall(room: name, upTo: seq, limit: Limits.catchUpEntries))
        callMade()
    }

    func historyRead(_ page: HistoryPage?, for call: HistoryCall) {
        guard requests.pageRead(call.room), let page, let room = rooms[call.room] else { return }
        room.take(page, upTo: call.upTo, now: Clock.now)
        updateRequests { $0.serve(call.room, now: Clock.now, in: self, into: &$1) }
        countDelivered(page.entries.reduce(0) { $0 + $1.items.reduce(0) { $0 + $1.body.count } })
    }

    private func notePagesUsed(of room: Room) {
        if room.history.backlog.hasPages { room.pagesUsedAt = Clock.now }
    }

    /// Lets go of pages that have not been used for a while.
    func releasePages(_ now: Instant) {
        guard !roomsWithPages.isEmpty else { return }
        for room in roomsWithPages where now >= room.pagesUsedAt + Limits.pageLinger {
            room.releasePages()
        }
        roomsWithPages.removeAll { !$0.history.backlog.hasPages }
    }
}
