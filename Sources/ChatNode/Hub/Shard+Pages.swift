import ChatCore
import ChatSupport

/// What clients get from rooms' logs, a page at a time. A page is put in front of the room's backlog, so that
/// all clients that need it share it.
extension Shard {
    /// Carries out a client's request that may need pages of the log, or lets it wait for the one before.
    func request(_ need: PageWait.Need, of room: Room, by id: SocketID, since: Instant) {
        let wait = PageWait(id: id, need: need, since: since)
        guard logs.requests[id] == nil else {
            logs.requests[id]?.append(LogRequest(room: room.name, wait: wait))
            return
        }
        logs.requests[id] = []
        guard !writers[Int(id.slot)].isBlocked else {
            logs.requests[id] = [LogRequest(room: room.name, wait: wait)]
            logs.clientsWithAnswers.insert(id)
            return
        }
        begin(wait, in: room)
    }

    /// Whether a client's request for a room waits for the one before.
    func isRequested(_ room: Room) -> Bool {
        logs.requests.values.contains { $0.contains { $0.room == room.name } }
    }

    /// Whether a client has as many requests waiting as it may.
    func hasTooManyRequests(_ id: SocketID) -> Bool {
        (logs.requests[id]?.count ?? 0) >= Limits.waitingMessages
    }

    /// Lets a member wait for pages that it needs in order to go on; it is no request of its client's.
    func wait(for need: PageWait.Need, of room: Room, by id: SocketID) {
        begin(PageWait(id: id, need: need, since: Clock.now), in: room)
    }

    private func begin(_ wait: PageWait, in room: Room) {
        guard let connection = connection(wait.id), isListening(connection) else {
            if wait.isRequest { endRequest(of: wait.id) }
            return
        }
        if serve(wait, in: room, to: connection, isForced: false) {
            if wait.isRequest { endRequest(of: wait.id) }
            return forgetIfClosed(room)
        }
        if room.waits.isEmpty, !logs.roomsWithWaits.contains(where: { $0 === room }) {
            logs.roomsWithWaits.append(room)
        }
        room.waits.append(wait)
        readPage(of: room)
    }

    /// Ends a client's request, and begins with the next one when the answer has left.
    private func endRequest(of id: SocketID) {
        guard logs.requests[id] != nil else { return }
        guard let connection = connection(id), isListening(connection) else {
            logs.requests[id] = nil
            return
        }
        guard !writers[Int(id.slot)].isBlocked else {
            logs.clientsWithAnswers.insert(id)
            return
        }
        guard let next = logs.requests[id]?.first else {
            logs.requests[id] = nil
            return
        }
        logs.requests[id]?.removeFirst()
        // The time in which the ones before were answered does not count; that in which none can be does.
        let since = logs.isGivingUp ? next.wait.since : Clock.now
        if let room = rooms[next.room] {
            begin(PageWait(id: id, need: next.wait.need, since: since), in: room)
        } else {
            giveUp(next.wait, in: next.room)
        }
    }

    /// Begins with a client's next request, because the answer to the one before has left.
    func answerHasLeft(to id: SocketID) {
        guard !logs.clientsWithAnswers.isEmpty, logs.clientsWithAnswers.remove(id) != nil else {
            return
        }
        endRequest(of: id)
    }

    /// Forgets what a client waits for in a room, or in all rooms.
    func forgetWaits(of id: SocketID, in room: Room? = nil) {
        guard !logs.roomsWithWaits.isEmpty || logs.requests[id] != nil else { return }
        var dropped: [PageWait] = []
        for other in logs.roomsWithWaits where room == nil || other === room {
            dropped += other.waits.filter { $0.id == id }
            other.waits.removeAll { $0.id == id }
        }
        guard let room else {
            logs.clientsWithAnswers.remove(id)
            let requests = logs.requests.removeValue(forKey: id) ?? []
            for name in requests.map(\.room) { rooms[name].map(forgetIfClosed) }
            return
        }
        let wasWaiting = dropped.contains(where: \.isRequest)
        dropped += logs.requests[id]?.filter { $0.room == room.name }.map(\.wait) ?? []
        logs.requests[id]?.removeAll { $0.room == room.name }
        for wait in dropped { refuse(wait) }
        if wasWaiting { endRequest(of: id) }
    }

    /// Answers a request for older messages of a room that the client has left.
    private func refuse(_ wait: PageWait) {
        guard case .history(_, let subject) = wait.need, let connection = connection(wait.id),
            isListening(connection)
        else { return }
        updateSession(of: connection) { $0.historyFailed(.notInRoom, about: subject, into: &$1) }
    }

    /// Whether a client waits to become a member of a room.
    func isJoining(_ id: SocketID, _ room: Room) -> Bool {
        let waits =
            room.waits + (logs.requests[id]?.filter { $0.room == room.name }.map(\.wait) ?? [])
        return waits.contains { wait in
            guard wait.id == id, case .join = wait.need else { return false }
            return true
        }
    }
}

// MARK: - Pages

extension Shard {
    /// Answers those that wait for pages of a room's log and need no other one, and asks for the next page
    /// for the others.
    func serveWaits(of room: Room) {
        let waits = room.waits
        room.waits = []
        var served: [SocketID] = []
        for wait in waits {
            guard let connection = connection(wait.id), isListening(connection) else {
                served.append(wait.id)
                continue
            }
            if serve(wait, in: room, to: connection, isForced: false) {
                if wait.isRequest { served.append(wait.id) }
            } else {
                room.waits.append(wait)
            }
        }
        if !room.waits.isEmpty { readPage(of: room) }
        for id in served { endRequest(of: id) }
        if room.waits.isEmpty {
            logs.roomsWithWaits.removeAll { $0 === room && room.waits.isEmpty }
            forgetIfClosed(room)
        }
    }

    /// Gives a client what it waits for. Returns false if a page of the log has to be read first.
    private func serve(
        _ wait: PageWait,
        in room: Room,
        to connection: Connection,
        isForced: Bool
    ) -> Bool {
        switch wait.need {
        case .join(let start):
            guard let beginning = room.beginning(at: start) else { return false }
            add(connection, to: room, at: beginning)
        case .history(let range, _):
            guard let (texts, hasMore) = room.older(range) else { return false }
            let items = [UInt8(ascii: "[")] + texts.joined(separator: [UInt8(ascii: ",")])
            connection.tell(
                .history(room.name, items: items + [UInt8(ascii: "]")], hasMore: hasMore)
            )
        case .goOn(let stood):
            guard let next = room.continuation(after: stood, isForced: isForced) else {
                return false
            }
            goOn(connection, in: room, at: next.cursor, telling: next.changes)
        }
        if room.backlog.hasPages { room.pagesUsedAt = Clock.now }
        return true
    }

    private func readPage(of room: Room) {
        guard room.readOver != logs.connections else { return }
        room.dropVoidStart()
        guard let start = room.listStart else { return }
        room.readOver = logs.connections
        if !logs.roomsWithPages.contains(where: { $0 === room }) {
            logs.roomsWithPages.append(room)
        }
        room.keepPages(now: Clock.now)
        broker.read(
            HistoryCall(room: room.name, upTo: start.seq, limit: Limits.catchUpEntries)
        )
        callMade()
    }

    func historyRead(_ page: HistoryPage?, for call: HistoryCall) {
        guard let room = rooms[call.room], room.readOver == logs.connections else { return }
        room.readOver = nil
        // A page that was turned away is asked for again at the next tick.
        guard let page else { return }
        // The backlog's oldest frames may have been dropped meanwhile.
        if room.listStart?.seq == call.upTo { room.take(page, now: Clock.now) }
        serveWaits(of: room)
        countDelivered(page.entries.reduce(0) { $0 + $1.items.reduce(0) { $0 + $1.body.count } })
    }

    /// Asks again for pages whose answers are lost.
    func readPagesAgain() {
        logs.connections += 1
        for room in logs.roomsWithWaits where !room.waits.isEmpty { readPage(of: room) }
    }

    /// Tells those that have waited too long that the log cannot be read at present, and lets go of pages
    /// that have not been used for a while.
    func giveUpPages(_ now: Instant) {
        giveUpWaits(now)
        guard !logs.roomsWithPages.isEmpty else { return }
        for room in logs.roomsWithPages where now >= room.pagesUsedAt + Limits.pageLinger {
            room.releasePages()
        }
        logs.roomsWithPages.removeAll { !$0.backlog.hasPages }
    }

    /// Gives up all that have waited too long, and those of the same clients behind them.
    private func giveUpWaits(_ now: Instant) {
        let latest = now + (Duration.zero - Limits.publishPatience)
        logs.isGivingUp = true
        while let room = logs.roomsWithWaits.first(where: { $0.hasWaits(since: latest) }) {
            let late = room.waits.filter { $0.since <= latest }
            room.waits.removeAll { $0.since <= latest }
            for wait in late { giveUp(wait, in: room.name) }
        }
        logs.isGivingUp = false
        for room in logs.roomsWithWaits { serveWaits(of: room) }
    }

    private func giveUp(_ wait: PageWait, in room: RoomName) {
        guard let connection = connection(wait.id), isListening(connection) else {
            return endRequest(of: wait.id)
        }
        switch wait.need {
        case .join:
            updateSession(of: connection) {
                let answer = BrokerClient.SessionAnswer.notEntered(
                    room,
                    reason: BrokerClient.lostTouch
                )
                $0.take(answer, into: &$1)
            }
        case .history(_, let subject):
            let why = Session.Refusal.unavailable(
                reason: BrokerClient.lostTouch,
                retryAfter: Limits.retryAfter
            )
            updateSession(of: connection) { $0.historyFailed(why, about: subject, into: &$1) }
        case .goOn:
            guard let room = rooms[room] else { return }
            _ = serve(wait, in: room, to: connection, isForced: true)
            return
        }
        endRequest(of: wait.id)
    }
}
