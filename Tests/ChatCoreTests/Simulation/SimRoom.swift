@testable import ChatCore

/// A client of `chat.v1` in a room of a simulated loop.
final class SimMember {
    let socket: SimSocket
    /// The next frame that it gets.
    var cursor: Int
    /// The position at which it stands, for when that frame is gone.
    var stood: Position
    /// Whether it waits until it can go on.
    var isParked = false
    /// Whether its socket takes frames.
    var isReading = true
    /// The news of who is present that it was told last; 0: none.
    var told: UInt32 = 0

    init(_ socket: SimSocket, at cursor: Int, _ stood: Position) {
        self.socket = socket
        self.cursor = cursor
        self.stood = stood
    }
}

/// A room on a simulated loop, as `Room` in ChatNode is one on a real one.
final class SimRoom {
    var history: RoomHistory
    var members: [SimMember] = []
    /// Who is present.
    var presence = PresenceTelling()
    /// When it was last caught up with for clients that are ahead.
    var recheckedAt = Instant.distantPast
    /// Whether members are there by the will of the test alone.
    var isHeld = false
    /// Whether the loop's client knows of members.
    var isJoined = false

    init(_ name: RoomName) {
        // So little is kept that clients often need the log, and not always the same number of messages.
        history = RoomHistory(of: name, backlog: Backlog(maxFrames: 12, maxAge: .seconds(2)))
    }

    /// Drops what is too much. Members that do not read are not waited for.
    func trim() { history.trim(passed: history.backlog.end) }
}

/// The rooms of a simulated loop, as the hub keeps them.
extension SimLoop: RoomHistories {
    func history(of room: RoomName) -> RoomHistory? { rooms[room]?.history }

    // MARK: What the broker tells

    func open(_ name: RoomName, at position: Position, isCaughtUp: Bool) {
        let room = rooms[name] ?? SimRoom(name)
        rooms[name] = room
        _ = room.history.open(at: position)
        repeatLostRemovals(in: room)
        room.trim()
        send(to: room)
        ask { $0.opened(name, at: position, into: &$1) }
        updateRequests {
            $0.advanced(name, isCaughtUp: isCaughtUp, now: self.now, in: self, into: &$1)
        }
    }

    func change(_ name: RoomName, _ body: (inout RoomHistory) -> Void) {
        guard let room = rooms[name] else { return }
        body(&room.history)
        repeatLostRemovals(in: room)
        room.trim()
        if requests.hasEarly {
            updateRequests {
                $0.advanced(name, isCaughtUp: false, now: self.now, in: self, into: &$1)
            }
        }
        send(to: room)
    }

    private func repeatLostRemovals(in room: SimRoom) {
        let lost = room.history.takeLostRemovals()
        guard !lost.isEmpty else { return }
        client.repeatRemovals(of: lost, in: room.history.name, using: &node.world.random)
    }

    func forgetIfUnused(_ name: RoomName) {
        guard let room = rooms[name], !open.contains(name), !room.isJoined, room.members.isEmpty,
            !requests.needs(name)
        else { return }
        removed[name] = nil
        rooms[name] = nil
    }

    // MARK: What sessions want

    func hear(_ name: RoomName, from start: Session.Start, by socket: SimSocket) {
        guard rooms[name] != nil else {
            return socket.run {
                $0.take(.notEntered(name, reason: BrokerClient.lostTouch), into: &$1)
            }
        }
        request(.join(start), of: name, by: socket.id)
    }

    func leave(_ name: RoomName, _ id: SocketID) {
        ask { $0.leave(name, for: id, into: &$1) }
        updateRequests { $0.leave(name, by: id, into: &$1) }
        remove(id, from: name)
    }

    /// Takes a socket out of all rooms.
    func leaveRooms(_ id: SocketID) {
        updateRequests { $0.forget(id, into: &$1) }
        for name in node.world.rooms { remove(id, from: name) }
    }

    private func remove(_ id: SocketID, from name: RoomName) {
        guard let room = rooms[name] else { return }
        room.members.removeAll { $0.socket.id == id }
        updateInterest(in: name)
        forgetIfUnused(name)
    }

    /// Tells the client whether a room has members.
    func updateInterest(in name: RoomName) {
        guard let room = rooms[name] else { return }
        let isJoined = room.isHeld || !room.members.isEmpty
        guard isJoined != room.isJoined else { return }
        room.isJoined = isJoined
        if isJoined {
            ask { $0.memberJoined(name, into: &$1) }
        } else {
            ask { $0.memberLeft(name, into: &$1) }
        }
    }

    // MARK: What clients need of histories

    func request(_ need: LogRequests.Need, of room: RoomName, by id: SocketID) {
        updateRequests {
            $0.ask(
                need,
                of: room,
                by: id,
                isBlocked: false,
                now: self.now,
                in: self,
                into: &$1
            )
        }
    }

    func updateRequests(_ event: (inout LogRequests, inout [LogRequests.Effect]) -> Void) {
        requestEffects.run({ event(&requests, &$0) }, carryOut)
    }

    private func carryOut(_ effect: LogRequests.Effect) {
        node.world.note("n\(node.number)/\(index) \(effect)")
        switch effect {
        case .join(let id, let name, let beginning): join(id, name, beginning)
        case .history(let id, let room, let items, _):
            expectNotRemoved(items[...], in: room)
            sessions[id]?.hear(.history(room, items: items, hasMore: false))
        case .goOn(let id, let name, let cursor, let changes):
            guard let room = rooms[name],
                let member = room.members.first(where: { $0.socket.id == id }), member.isParked
            else { return }
            member.isParked = false
            for change in changes { member.socket.hear(.init(change, in: name)) }
            member.cursor = cursor
            send(to: member, in: room)
        case .refuse(let id, let room, let need, let why):
            guard case .join = need else { return }
            told(why == .unavailable, "a join was refused: \(why)")
            sessions[id]?.run {
                $0.take(.notEntered(room, reason: BrokerClient.lostTouch), into: &$1)
            }
        case .checkSocket(let id): checkSocket(id)
        case .readPage(let room): readPage(of: room)
        case .recheck(let name):
            guard let room = rooms[name], now >= room.recheckedAt + Limits.earlyJoinInterval
            else { return }
            room.recheckedAt = now
            node.recheck(name)
        case .serveLater(let room):
            updateRequests { $0.serve(room, now: self.now, in: self, into: &$1) }
        case .idle(let room): forgetIfUnused(room)
        }
    }

    private func join(_ id: SocketID, _ name: RoomName, _ beginning: RoomHistory.Beginning) {
        guard let socket = sessions[id], socket.isOpen, let room = rooms[name],
            !room.members.contains(where: { $0.socket.id == id })
        else { return }
        let cursor = max(beginning.cursor, room.history.backlog.start)
        guard let stood = beginning.stood ?? room.history.position(at: cursor) else { return }
        let member = SimMember(socket, at: cursor, stood)
        member.told = room.presence.number
        room.members.append(member)
        updateInterest(in: name)
        socket.run {
            $0.heard(
                name,
                at: stood,
                isRecovered: beginning.isRecovered,
                presence: room.presence.news,
                into: &$1
            )
        }
        if let lost = beginning.lost { socket.hear(.gap(name, lost)) }
        send(to: member, in: room)
        if let seq = room.history.position?.seq {
            socket.run { $0.synced(name, seq: seq, into: &$1) }
        }
    }

    /// At times an answer leaves the socket only later.
    private func checkSocket(_ id: SocketID) {
        guard sessions[id]?.isOpen == true else {
            return updateRequests { $0.forget(id, into: &$1) }
        }
        let hasLeft = node.world.chance(0.7)
        updateRequests { $0.answered(id, hasLeft: hasLeft, now: self.now, in: self, into: &$1) }
        guard !hasLeft else { return }
        node.world.after(node.world.duration(1...30, unit: 1_000_000)) { [weak self] in
            guard let self else { return }
            node.runs {
                self.updateRequests {
                    $0.socketIsFree(id, now: self.now, in: self, into: &$1)
                }
            }
        }
    }

    private func readPage(of name: RoomName) {
        guard let room = rooms[name] else { return }
        room.history.dropVoidStart(lowestCursor: room.members.map(\.cursor).min() ?? .max)
        guard let seq = room.history.start?.seq else { return }
        room.history.keepPages()
        let call = HistoryCall(room: name, upTo: seq, limit: 16)
        link.send { redis in
            let (page, before) = (redis.store.history(call), redis.removed)
            return { [weak self] in
                redis.noteArrival(of: page, readAfter: before)
                self?.historyRead(page, for: call)
            }
        }
    }

    func take(_ page: HistoryPage?, for call: HistoryCall) {
        guard requests.pageRead(call.room), let page, let room = rooms[call.room] else { return }
        let start = room.history.backlog.start
        room.history.take(page, upTo: call.upTo)
        for member in room.members where member.cursor < start { member.cursor = .min }
        updateRequests { $0.serve(call.room, now: self.now, in: self, into: &$1) }
        // Pages are let go of when no client needs them.
        guard !requests.needs(call.room) else { return }
        room.history.keepPages(false)
        room.trim()
    }

    // MARK: What members are sent

    private func send(to room: SimRoom) {
        for member in room.members {
            if member.isReading, node.world.chance(0.02) { stall(member, in: room) }
            send(to: member, in: room)
        }
    }

    /// A client does not read for a while.
    private func stall(_ member: SimMember, in room: SimRoom) {
        member.isReading = false
        node.world.after(node.world.duration(5...3_000, unit: 1_000_000)) { [weak self] in
            guard let self else { return }
            node.runs {
                member.isReading = true
                self.tellPresence(to: member, in: room)
                self.send(to: member, in: room)
            }
        }
    }

    private func send(to member: SimMember, in room: SimRoom) {
        guard member.isReading, !member.isParked, member.socket.isOpen,
            rooms[room.history.name] === room, room.members.contains(where: { $0 === member })
        else { return }
        let backlog = room.history.backlog
        guard member.cursor >= backlog.start else {
            member.isParked = true
            return request(.goOn(after: member.stood), of: room.history.name, by: member.socket.id)
        }
        while let (batch, frame) = backlog.batch(at: member.cursor) {
            member.cursor += batch.count - frame
            for frame in frame..<batch.count {
                expectNotRemoved(batch.text(of: frame), in: room.history.name)
                member.socket.hear(batch.text(of: frame), in: room.history.name)
            }
        }
        member.stood = room.history.position(at: member.cursor) ?? member.stood
    }
}
