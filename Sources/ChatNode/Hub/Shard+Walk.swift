import ChatCore
import NIOCore

/// The walk: each member of a room gets what it lacks, in one send where the kernel takes it.
extension Shard {
    /// Adds a WebSocket to a room on this loop. It hears what comes from now on.
    func join(_ connection: Connection, _ name: RoomName) {
        let room = rooms[name] ?? Room(name: name)
        rooms[name] = room
        let place = room.add(slot: connection.id.slot)
        connection.memberships.append(Membership(room: room, place: place))
    }

    /// Takes a WebSocket out of all its rooms. Never under the walk, where members keep their
    /// places: the walk only sends and hands over, and a hand-over is a task of its own.
    func leaveRooms(_ connection: Connection) {
        for membership in connection.memberships {
            let room = membership.room
            if let moved = room.remove(at: membership.place) {
                self.connection(at: moved)?.moved(in: room, to: membership.place)
            }
            if room.count == 0 { rooms[room.name] = nil }
        }
        connection.memberships = []
    }

    /// Messages of a room have come from the broker, to this node at that time.
    func deliver(_ run: Run, to name: RoomName, arrivedAt: Instant) {
        guard let room = rooms[name] else { return }
        room.backlog.append(run)
        markDirty(room, arrivedAt)
    }

    /// Messages of a room are lost to this node: nobody is skipped in silence.
    func missed(in name: RoomName) {
        guard let room = rooms[name] else { return }
        for slot in room.slots {
            connection(at: slot)?.close(
                .tooSlow,
                "messages were missed: the node fell too far behind"
            )
        }
    }

    func markDirty(_ room: Room, _ arrivedAt: Instant) {
        // A walk under way takes the new messages along, and goes round again for those it has passed.
        guard room.walkIndex == nil else {
            room.nextArrivedAt = room.nextArrivedAt ?? arrivedAt
            return
        }
        room.walkIndex = 0
        room.arrivedAt = arrivedAt
        room.passEnd = room.backlog.end
        dirtyRooms.append(room)
        scheduleTurnEnd()
    }

    /// Walks the rooms with something to send; what is left after a while goes on next turn, so
    /// that a large room does not keep the loop from its other work.
    func walkDirtyRooms() {
        guard !dirtyRooms.isEmpty else { return }
        var budget = WalkBudget(now: Clock.now)
        var done = 0
        var late: [Int32] = []
        var tally = SendTally()
        while done < dirtyRooms.count, budget.hasRest {
            let room = dirtyRooms[done]
            walk(room, &budget, &late, &tally)
            if room.walkIndex == nil { done += 1 }
        }
        metrics.sent(tally)
        dirtyRooms.removeFirst(done)
        if !dirtyRooms.isEmpty { walkOnLater() }
        close(late)
    }

    /// After a pause: tasks that are due at once run before the loop looks at its sockets again.
    private func walkOnLater() {
        guard !isWalkScheduled else { return }
        isWalkScheduled = true
        let pause = TimeAmount.nanoseconds(Limits.walkPause.inNanoseconds)
        loop.assumeIsolated().scheduleTask(in: pause) { [self] in
            isWalkScheduled = false
            walkDirtyRooms()
        }
    }

    /// A socket has taken what waited: it goes on from its cursors, in every room.
    func catchUp(_ connection: Connection) {
        var late: [Int32] = []
        var tally = SendTally()
        for membership in connection.memberships {
            var piece = Piece()
            offer(membership.room, membership.place, &piece, &late, &tally)
        }
        metrics.sent(tally)
        close(late)
    }

    /// Those who have fallen off the backlog's end are seen to when the walk is over.
    private func close(_ late: [Int32]) {
        for slot in late { connection(at: slot)?.close(.tooSlow, "too slow: messages were missed") }
    }

    /// Goes round until everybody has been offered everything, or the budget is spent.
    private func walk(
        _ room: Room,
        _ budget: inout WalkBudget,
        _ late: inout [Int32],
        _ tally: inout SendTally
    ) {
        while budget.hasRest, var index = room.walkIndex {
            var piece = Piece()
            while index < room.count, budget.hasRest {
                if room.cursors[index] < room.backlog.end {
                    offer(room, index, &piece, &late, &tally)
                    budget.spend()
                }
                index += 1
            }
            room.walkIndex = index
            if index >= room.count { endPass(of: room) }
        }
    }

    /// All members have been passed once, and offered at least what there was when the pass began;
    /// all but those whose place has changed meanwhile.
    private func endPass(of room: Room) {
        let isComplete = !room.hasMoved
        if isComplete { room.backlog.trim(offered: room.passEnd) }
        let isOver = isComplete && room.passEnd == room.backlog.end
        if isComplete {
            metrics.walked(since: room.arrivedAt)
            room.arrivedAt = room.nextArrivedAt ?? room.arrivedAt
            room.nextArrivedAt = nil
        }
        room.walkIndex = isOver ? nil : 0
        room.hasMoved = false
        room.passEnd = room.backlog.end
    }

    /// What the last member lacked, so that the next, who nearly always lacks the same, need not
    /// be looked up: the run it begins in, or the bytes gathered from several.
    struct Piece {
        var cursor = -1
        var end = -1
        var run: Run?
        var offset = 0
        var byteCount = 0
    }

    private func offer(
        _ room: Room,
        _ index: Int,
        _ piece: inout Piece,
        _ late: inout [Int32],
        _ tally: inout SendTally
    ) {
        let slot = Int(room.slots[index])
        if room.cursors[index] < room.backlog.start {
            if !doors[slot].isClosing { late.append(room.slots[index]) }
            return
        }
        while doors[slot].takesFrames, room.cursors[index] < room.backlog.end {
            let cursor = room.cursors[index]
            if piece.cursor != cursor { piece = prepare(room.backlog, cursor) }
            switch transmit(piece, slot) {
            case .sent:
                tally.add(messages: piece.end - cursor, bytes: piece.byteCount)
                room.cursors[index] = piece.end
            case .partly(let count):
                let (rest, next) = room.backlog.cut(from: cursor, after: count)
                tally.add(messages: next - cursor, bytes: count + rest.count)
                room.cursors[index] = next
                connection(at: room.slots[index])?.handOver(rest)
            case .broken:
                return
            }
        }
    }

    private func prepare(_ backlog: Backlog, _ cursor: Int) -> Piece {
        var piece = Piece(cursor: cursor)
        guard let (run, frame) = backlog.run(at: cursor) else { return piece }
        piece.end = cursor + run.count - frame
        if piece.end == backlog.end {
            piece.run = run
            piece.offset = run.start(of: frame)
        } else {
            piece.end = backlog.gather(
                from: cursor,
                limit: Limits.socketSendBufferBytes,
                into: &gathered
            )
        }
        piece.byteCount = (piece.run?.bytes ?? gathered).count - piece.offset
        return piece
    }

    private func transmit(_ piece: Piece, _ slot: Int) -> Door.Outcome {
        let bytes = piece.run?.bytes ?? gathered
        return bytes.withUnsafeBytes { buffer in
            doors[slot].transmit(UnsafeRawBufferPointer(rebasing: buffer[piece.offset...]))
        }
    }
}
