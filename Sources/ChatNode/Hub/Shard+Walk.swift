import ChatCore

/// The walk: each member of a room gets what it lacks, in one send where the kernel takes it.
extension Shard {
    /// Adds a WebSocket to a room on this loop. It hears what comes from now on.
    func join(_ connection: Connection, _ name: RoomName) {
        let room = rooms[name] ?? Room(name: name)
        rooms[name] = room
        let place = room.add(slot: connection.id.slot)
        connection.memberships.append(Membership(room: room, place: place))
    }

    /// Takes a WebSocket out of all its rooms; one that dies under the walk when that is over.
    func leaveRooms(_ connection: Connection) {
        guard !isWalking else { return departing.append(connection) }
        for membership in connection.memberships {
            let room = membership.room
            if let moved = room.remove(at: membership.place) {
                self.connection(at: moved)?.moved(in: room, to: membership.place)
            }
            if room.count == 0 { rooms[room.name] = nil }
        }
        connection.memberships = []
    }

    /// Messages of a room have come from the broker.
    func deliver(_ run: Run, to name: RoomName) {
        guard let room = rooms[name] else { return }
        room.backlog.append(run)
        markDirty(room)
    }

    func markDirty(_ room: Room) {
        guard room.walkIndex == nil else {
            // The walk under way takes the new messages along, but not to whom it has passed.
            room.mustWalkAgain = true
            return
        }
        room.walkIndex = 0
        dirtyRooms.append(room)
        scheduleTurnEnd()
    }

    /// Walks the rooms with something to send; what is left after a while goes on next turn, so
    /// that a large room does not keep the loop from its other work.
    func walkDirtyRooms() {
        guard !dirtyRooms.isEmpty else { return }
        var budget = Limits.sendsPerTurn
        var done = 0
        walking { late in
            while done < dirtyRooms.count, budget > 0 {
                let room = dirtyRooms[done]
                walk(room, &budget, &late)
                if room.walkIndex == nil { done += 1 }
            }
        }
        dirtyRooms.removeFirst(done)
        if !dirtyRooms.isEmpty { scheduleTurnEnd() }
    }

    /// A socket has taken what waited: it goes on from its cursors, in every room.
    func catchUp(_ connection: Connection) {
        // Under the walk it is the walk that goes on with this socket.
        guard !isWalking else { return }
        walking { late in
            for membership in connection.memberships {
                var piece = Piece()
                offer(membership.room, membership.place, &piece, &late)
            }
        }
    }

    /// Members keep their places while somebody walks; the dead and the late are seen to after.
    private func walking(_ body: (inout [Int32]) -> Void) {
        var late: [Int32] = []
        isWalking = true
        body(&late)
        isWalking = false
        let dead = departing
        departing.removeAll()
        for connection in dead {
            leaveRooms(connection)
            connection.vacateIfDone()
        }
        for slot in late { connection(at: slot)?.close(.tooSlow, "too slow: messages were missed") }
    }

    private func walk(_ room: Room, _ budget: inout Int, _ late: inout [Int32]) {
        guard var index = room.walkIndex else { return }
        while budget > 0 {
            let last = room.count
            var piece = Piece()
            while index < last, budget > 0 {
                if room.cursors[index] < room.backlog.end {
                    offer(room, index, &piece, &late)
                    budget -= 1
                }
                index += 1
            }
            guard index >= room.count else { break }
            guard room.mustWalkAgain else {
                room.walkIndex = nil
                room.backlog.trim(offered: room.backlog.end)
                return
            }
            room.mustWalkAgain = false
            index = 0
        }
        room.walkIndex = index
    }

    /// What the last member lacked, so that the next, who nearly always lacks the same, need not
    /// be looked up: the run it begins in, or the bytes gathered from several.
    struct Piece {
        var cursor = -1
        var end = -1
        var run: Run?
        var offset = 0
    }

    private func offer(_ room: Room, _ index: Int, _ piece: inout Piece, _ late: inout [Int32]) {
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
                room.cursors[index] = piece.end
            case .partly(let count):
                let (rest, next) = room.backlog.cut(from: cursor, after: count)
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
        return piece
    }

    private func transmit(_ piece: Piece, _ slot: Int) -> Door.Outcome {
        let bytes = piece.run?.bytes ?? gathered
        return bytes.withUnsafeBytes { buffer in
            doors[slot].transmit(UnsafeRawBufferPointer(rebasing: buffer[piece.offset...]))
        }
    }
}
