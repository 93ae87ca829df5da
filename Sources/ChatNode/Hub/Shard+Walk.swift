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
        for membership in connection.memberships.all {
            let room = membership.room
            room.remove(at: membership.place) { slot, place in
                self.connection(at: slot)?.moved(in: room, to: place)
            }
            if room.count == 0 { rooms[room.name] = nil }
        }
        connection.memberships = Memberships()
    }

    /// Messages of a room have come from the broker, to this node at that time.
    func deliver(_ run: Run, to name: RoomName, arrivedAt: Instant) {
        if let position = run.position { client.delivered(name, upTo: position) }
        guard let room = rooms[name] else { return }
        room.backlog.append(run)
        markDirty(room, arrivedAt)
    }

    /// Messages of a room are lost to this node: nobody is skipped in silence.
    func missed(in name: RoomName) {
        guard let room = rooms[name] else { return }
        for slot in room.slots where !doors[Int(slot)].isClosing {
            doors[Int(slot)].beginClosing()
            closeSoon(slot, "messages were missed: the node fell too far behind")
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
        roomIsDirty()
    }

    /// Walks the rooms with something to send; what is left after a while goes on next turn, so
    /// that a large room does not keep the loop from its other work.
    func walkDirtyRooms() {
        guard !dirtyRooms.isEmpty else { return }
        var stretch = WalkStretch(now: Clock.now, maxSends: sendsPerTurn)
        var done = 0
        while done < dirtyRooms.count, stretch.hasRest {
            let room = dirtyRooms[done]
            walk(room, &stretch)
            if room.walkIndex == nil { done += 1 }
        }
        dirtyRooms.removeFirst(done)
        // A large room's turn comes again behind the others'.
        if dirtyRooms.count > 1 { dirtyRooms.append(dirtyRooms.removeFirst()) }
        if !dirtyRooms.isEmpty { walkOnLater() }
        end(stretch)
    }

    private func walkOnLater() {
        guard !isWalkScheduled else { return }
        isWalkScheduled = true
        goOn(after: Limits.walkPause) { [self] in
            isWalkScheduled = false
            walkDirtyRooms()
        }
    }

    /// A socket has taken what waited: it goes on from its cursors, in every room.
    func catchUp(_ connection: Connection) {
        var stretch = WalkStretch(now: Clock.now, maxSends: sendsPerTurn)
        for membership in connection.memberships.all {
            let place = membership.place
            _ = pass(membership.room, place..<place + 1, &stretch)
            if !stretch.hasRest { markDirty(membership.room, Clock.now) }
        }
        end(stretch)
    }

    /// Those who have fallen off the backlog's end are seen to when the walk is over.
    private func end(_ stretch: WalkStretch) {
        metrics.sent(stretch.tally)
        for slot in stretch.late { closeSoon(slot, "too slow: messages were missed") }
    }

    /// Closes whoever has missed something, and hears nothing more by now.
    private func closeSoon(_ slot: Int32, _ reason: String) {
        guard let connection = connection(at: slot) else { return }
        doSoon(.close(connection.id, reason: reason))
    }

    /// Goes round until everybody has been offered everything, or the budget is spent.
    private func walk(_ room: Room, _ stretch: inout WalkStretch) {
        while stretch.hasRest, let index = room.walkIndex {
            let next = pass(room, index..<room.count, &stretch)
            room.walkIndex = next
            if next >= room.count { endPass(of: room) }
        }
    }

    /// All members have been passed once, and offered at least what there was when the pass began.
    private func endPass(of room: Room) {
        room.backlog.trim(offered: room.passEnd)
        metrics.walked(since: room.arrivedAt)
        room.arrivedAt = room.nextArrivedAt ?? room.arrivedAt
        room.nextArrivedAt = nil
        room.walkIndex = room.passEnd == room.backlog.end ? nil : 0
        room.passEnd = room.backlog.end
    }

    /// Offers the members in these places what they lack. The answer is the place to go on from.
    ///
    /// Cost: `send`, and 60 to 120 instructions a member. The tables are lent out for the whole pass:
    /// taken from their owner for each member they cost 1,000 (`Benchmarks/counts`).
    private func pass(
        _ room: Room,
        _ places: Range<Int>,
        _ stretch: inout WalkStretch
    ) -> Int {
        var step = Step(place: places.lowerBound, end: places.upperBound)
        room.withMembers { slots, cursors in
            doors.withUnsafeMutableBufferPointer { doors in
                while step.place < step.end, stretch.hasRest {
                    let cursor = cursors[step.place]
                    let slot = slots[step.place]
                    if cursor < room.backlog.start {
                        if !doors[Int(slot)].isClosing {
                            doors[Int(slot)].beginClosing()
                            stretch.late.append(slot)
                        }
                        step.place += 1
                    } else if cursor == room.backlog.end || !doors[Int(slot)].takesFrames {
                        // Before anything is prepared: who does not read costs a look.
                        step.place += 1
                    } else {
                        let piece = prepare(room.backlog, cursor)
                        offer(piece, &step, slots, &cursors, &doors, &stretch)
                    }
                }
            }
        }
        handOver(step.cuts, of: room, &stretch)
        return step.place
    }

    /// How far a pass has come, and what is to be done when the tables are back.
    private struct Step {
        /// A member of whose frame the kernel took only a part, and how many bytes from which cursor.
        struct Cut {
            let place: Int
            let cursor: Int
            let count: Int
        }

        var place: Int
        let end: Int
        var cuts: [Cut] = []
    }

    /// What a member lacks: bytes from a cursor on, and the cursor behind them.
    private struct Piece {
        let cursor: Int
        let end: Int
        let bytes: [UInt8]
        let offset: Int
        /// There is nothing behind it.
        let isWhole: Bool
    }

    private func prepare(_ backlog: Backlog, _ cursor: Int) -> Piece {
        guard let (run, frame) = backlog.run(at: cursor) else {
            preconditionFailure("a cursor before the end has a run")
        }
        let end = cursor + run.count - frame
        if end == backlog.end {
            let offset = run.start(of: frame)
            return Piece(cursor: cursor, end: end, bytes: run.bytes, offset: offset, isWhole: true)
        }
        let gatheredEnd = backlog.gather(
            from: cursor,
            limit: Limits.socketSendBufferBytes,
            into: &gathered
        )
        let isWhole = gatheredEnd == backlog.end
        return Piece(cursor: cursor, end: gatheredEnd, bytes: gathered, offset: 0, isWhole: isWhole)
    }

    /// Sends a piece to the next member, and to all behind it that lack the same: nearly always
    /// everybody.
    private func offer(
        _ piece: Piece,
        _ step: inout Step,
        _ slots: UnsafeBufferPointer<Int32>,
        _ cursors: inout UnsafeMutableBufferPointer<Int>,
        _ doors: inout UnsafeMutableBufferPointer<Door>,
        _ stretch: inout WalkStretch
    ) {
        piece.bytes.withUnsafeBytes { all in
            let bytes = UnsafeRawBufferPointer(rebasing: all[piece.offset...])
            repeat {
                let place = step.place
                step.place += 1
                let slot = Int(slots[place])
                guard doors[slot].takesFrames else { continue }
                stretch.spend()
                switch doors[slot].transmit(bytes) {
                case .sent:
                    cursors[place] = piece.end
                    stretch.tally.add(messages: piece.end - piece.cursor, bytes: bytes.count)
                    // It lacks more: the same member again, with the next piece.
                    if !piece.isWhole { return step.place = place }
                case .partly(let count):
                    doors[slot].block()
                    step.cuts.append(.init(place: place, cursor: piece.cursor, count: count))
                case .broken:
                    break
                }
            } while step.place < step.end && cursors[step.place] == piece.cursor && stretch.hasRest
        }
    }

    /// Hands what the kernel did not take of a frame to the channels; each goes on behind that frame.
    private func handOver(
        _ cuts: [Step.Cut],
        of room: Room,
        _ stretch: inout WalkStretch
    ) {
        for cut in cuts {
            let (rest, next) = room.backlog.cut(from: cut.cursor, after: cut.count)
            room.move(at: cut.place, to: next)
            stretch.tally.add(messages: next - cut.cursor, bytes: cut.count + rest.count)
            connection(at: room.slots[cut.place])?.handOver(rest)
        }
    }
}
