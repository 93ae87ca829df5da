import ChatCore
import ChatSupport

/// The rooms of this loop, and who is in them.
extension Shard {
    /// Adds a WebSocket to a room on this loop. It gets the messages from now on.
    func join(_ connection: Connection, _ name: RoomName) {
        let room = rooms[name] ?? makeRoom(name)
        add(connection, to: room, at: room.history.backlog.end)
    }

    /// Whether a client's socket is open, so that the client can be in rooms.
    func isListening(_ connection: Connection) -> Bool {
        connection.isOpen && !writers[Int(connection.id.slot)].isClosing
    }

    /// Has a client hear a room, and tells it where it stands there.
    func hear(_ name: RoomName, from start: Session.Start, by connection: Connection) {
        guard let room = rooms[name] else {
            // The node has forgotten it: the client was never its member.
            return updateSession(of: connection) {
                $0.take(.notEntered(name, reason: BrokerClient.lostTouch), into: &$1)
            }
        }
        if let membership = connection.memberships.membership(in: room) {
            return describe(membership, to: connection)
        }
        request(.join(start), of: name, by: connection.id)
    }

    /// Makes a client a member of a room, tells it where it stands and sends it what it lacks.
    func add(_ connection: Connection, to room: Room, at beginning: RoomHistory.Beginning) {
        guard connection.memberships.membership(in: room) == nil else { return }
        add(connection, to: room, at: beginning.cursor)
        guard let position = beginning.stood ?? room.history.position(at: beginning.cursor) else {
            return
        }
        beginReplay(of: room, to: connection, at: position, beginning)
    }

    /// Tells a member once more where it stands; one that lacks messages, when it has them.
    func describe(_ membership: Membership, to connection: Connection) {
        let (table, room) = (membership.table, membership.table.room)
        let cursor = table.cursor(at: membership.place)
        let isLate = cursor < room.history.backlog.start || cursor == MemberTable.parked
        guard !membership.isReplaying, !isLate, let position = room.history.position(at: cursor)
        else {
            return connection.memberships.update(table) { $0.isAskedAgain = true }
        }
        connection.memberships.update(table) { $0.isAskedAgain = false }
        beginReplay(of: room, to: connection, at: position, nil)
    }

    /// Tells a member where it stands, and sends it what it lacks.
    private func beginReplay(
        of room: Room,
        to connection: Connection,
        at position: Position,
        _ beginning: RoomHistory.Beginning?
    ) {
        guard let membership = connection.memberships.membership(in: room) else { return }
        connection.memberships.update(membership.table) { $0.isReplaying = true }
        // `joined`, what was missed and `synced` leave together.
        let slot = Int(connection.id.slot)
        writers[slot].isMoreToFollow = true
        defer { writers[slot].isMoreToFollow = false }
        updateSession(of: connection) {
            $0.heard(
                room.name,
                at: position,
                isRecovered: beginning?.isRecovered,
                presence: presenceToJoin(membership),
                into: &$1
            )
        }
        if let lost = beginning?.lost { connection.tell(.gap(room.name, lost)) }
        // Unless that was too much for a client that does not read.
        guard let membership = connection.memberships.membership(in: room) else { return }
        replay(membership, to: connection)
    }

    /// Tells a member that it has got what was there when it joined.
    func endReplay(of room: Room, to connection: Connection) {
        guard let membership = connection.memberships.membership(in: room),
            let seq = room.history.position?.seq
        else { return }
        connection.memberships.update(membership.table) {
            $0.isReplaying = false
            $0.isAskedAgain = false
        }
        writers[Int(connection.id.slot)].isMoreToFollow = false
        updateSession(of: connection) { $0.synced(room.name, seq: seq, into: &$1) }
        guard membership.isAskedAgain,
            let membership = connection.memberships.membership(in: room)
        else { return }
        describe(membership, to: connection)
    }

    /// Ends the hearing of a room, or the wish for it.
    func leave(_ name: RoomName, _ connection: Connection) {
        updateClient { $0.leave(name, for: connection.id, into: &$1) }
        guard let room = rooms[name] else { return }
        updateRequests { $0.leave(name, by: connection.id, into: &$1) }
        guard let membership = connection.memberships.membership(in: room) else { return }
        remove(membership)
        connection.memberships.remove(membership.table)
    }

    /// Removes a WebSocket from all its rooms.
    func leaveRooms(_ connection: Connection) {
        updateRequests { $0.forget(connection.id, into: &$1) }
        if !stalled.isEmpty { stalled[connection.id] = nil }
        for membership in connection.memberships.all { remove(membership) }
        connection.memberships = Memberships()
    }

    private func makeRoom(_ name: RoomName) -> Room {
        let room = Room(
            RoomHistory(
                of: name,
                keeping: settings.history,
                backlog: Backlog(maxAge: settings.historyAge)
            )
        )
        rooms[name] = room
        return room
    }

    /// Forgets a room that the node does not hear, or not yet, if it has no members and no client waits.
    func forgetIfClosed(_ room: Room) {
        guard room.history.position == nil || room.isClosed, room.tables.isEmpty,
            rooms[room.name] === room, !requests.needs(room.name)
        else { return }
        rooms[room.name] = nil
        if latestRoom === room { latestRoom = nil }
    }

    private func add(_ connection: Connection, to room: Room, at cursor: Int) {
        let isFirst = room.tables.isEmpty
        let table = room.table(of: connection.dialect.encoding)
        let place = table.add(slot: connection.id.slot, at: cursor)
        connection.memberships.append(Membership(table: table, place: place))
        if writers[Int(connection.id.slot)].isBlocked { noteStalled(connection) }
        if isFirst { updateClient { $0.memberJoined(room.name, into: &$1) } }
    }

    /// Removes a member. Never called during a pass, in which members keep their places: a pass only
    /// sends and hands over, and a hand-over is a task of its own.
    private func remove(_ membership: Membership) {
        let table = membership.table
        table.remove(at: membership.place) { slot, place in
            connection(at: slot)?.moved(in: table, to: place)
        }
        let room = table.room
        guard table.count == 0 else { return }
        room.remove(table)
        guard room.tables.isEmpty else { return }
        forgetIfClosed(room)
        updateClient { $0.memberLeft(room.name, into: &$1) }
    }
}

// MARK: - What the broker tells

extension Shard {
    func roomOpened(_ name: RoomName, at position: Position) {
        let room = rooms[name] ?? makeRoom(name)
        // Members whose wish to hear the room has crossed its end lack what was said meanwhile.
        if !room.history.open(at: position), room.isClosed { closePlainMembers(of: room) }
        repeatLostRemovals(in: room)
        room.trimIfEmpty()
        room.isClosed = false
        for table in room.tables { markDirty(table, Clock.now) }
        updateClient { $0.opened(name, at: position, into: &$1) }
        // Only told anew, because this loop has entered it, a room has not been caught up with.
        let isCaughtUp = room.entries == 0
        room.entries = max(0, room.entries - 1)
        updateRequests {
            $0.advanced(name, isCaughtUp: isCaughtUp, now: Clock.now, in: self, into: &$1)
        }
    }

    func roomsShut() {
        for room in rooms.values { room.history.shut() }
    }

    func roomClosed(_ name: RoomName) {
        if let room = rooms[name] {
            room.isClosed = true
            forgetIfClosed(room)
        }
        updateClient { client, _ in client.closed(name) }
    }

    func roomRefused(_ name: RoomName) {
        updateClient { $0.refused(name, into: &$1) }
        guard let room = rooms[name] else { return }
        for table in room.tables { close(table, "the node takes part in as many rooms as it can") }
    }

    /// Queues messages of a room that came from the broker and reached this node at `arrivedAt`.
    func deliver(_ batch: FramedBatch, to name: RoomName, arrivedAt: Instant) {
        if let position = batch.position { client.delivered(name, upTo: position) }
        guard let room = room(name) else { return }
        room.history.append(batch)
        room.trimIfEmpty()
        room.deliveredAt = arrivedAt
        countDelivered(batch.bytes.count)
        if requests.hasEarly {
            updateRequests {
                $0.advanced(name, isCaughtUp: false, now: arrivedAt, in: self, into: &$1)
            }
        }
        for table in room.tables { markDirty(table, arrivedAt) }
    }

    /// Returns a room by its name: nearly always the one that was asked for last, and then its name is
    /// not hashed.
    private func room(_ name: RoomName) -> Room? {
        if let latestRoom, latestRoom.name == name { return latestRoom }
        latestRoom = rooms[name]
        return latestRoom
    }

    func reset(_ name: RoomName, to position: Position) {
        guard let room = rooms[name] else { return }
        room.history.reset(to: position)
        repeatLostRemovals(in: room)
        room.trimIfEmpty()
        for table in room.tables { markDirty(table, Clock.now) }
    }

    /// Takes messages back once more whose removals were lost with data.
    private func repeatLostRemovals(in room: Room) {
        let lost = room.history.takeLostRemovals()
        if !lost.isEmpty { client.repeatRemovals(of: lost, in: room.name, using: &random) }
    }

    func missed(_ numbers: ClosedRange<UInt64>?, in name: RoomName) {
        guard let room = rooms[name] else { return }
        room.history.miss(numbers)
        room.trimIfEmpty()
        for table in room.tables { markDirty(table, Clock.now) }
        closePlainMembers(of: room)
    }

    /// Closes the members that do not know positions and so cannot be told what they miss: none misses a
    /// message silently.
    private func closePlainMembers(of room: Room) {
        for table in room.tables where table.encoding == .plain {
            close(table, "messages were missed: the node fell too far behind")
        }
    }

    private func close(_ table: MemberTable, _ reason: String) {
        for slot in table.slots where !writers[Int(slot)].isClosing {
            writers[Int(slot)].beginClosing()
            closeSoon(slot, reason)
        }
    }
}
