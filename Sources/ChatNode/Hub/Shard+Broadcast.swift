import ChatCore
import ChatSupport
import NIOCore

/// The broadcast: each member of a room gets what it lacks, in one send if the kernel takes it.
extension Shard {
    func markDirty(_ table: MemberTable, _ arrivedAt: Instant) {
        // A broadcast under way sends the new messages too, and makes another pass for the members
        // that it has passed.
        guard table.broadcastIndex == nil else {
            table.nextArrivedAt = table.nextArrivedAt ?? arrivedAt
            return
        }
        table.broadcastIndex = 0
        table.arrivedAt = arrivedAt
        table.passEnd = table.room.history.backlog.end
        dirtyTables.append(table)
        tableIsDirty()
    }

    /// Broadcasts the tables that have something to send. What the budget does not allow continues
    /// in a later turn, so that a large room does not keep the loop from its other work.
    func broadcastDirtyTables() {
        guard !dirtyTables.isEmpty else { return }
        var budget = BroadcastBudget(now: Clock.now, maxSends: sendsPerTurn)
        var done = 0
        while done < dirtyTables.count, budget.hasRest {
            let table = dirtyTables[done]
            broadcast(table, &budget)
            if table.broadcastIndex == nil { done += 1 }
        }
        dirtyTables.removeFirst(done)
        // A large room's next turn comes after the other rooms'.
        if dirtyTables.count > 1 { dirtyTables.append(dirtyTables.removeFirst()) }
        if !dirtyTables.isEmpty { continueBroadcastLater() }
        end(budget)
    }

    private func continueBroadcastLater() {
        guard !isBroadcastScheduled else { return }
        isBroadcastScheduled = true
        goOn(after: Limits.broadcastPause) { [self] in
            isBroadcastScheduled = false
            broadcastDirtyTables()
        }
    }

    /// Continues from a socket's cursors in every room, after the socket has taken what waited.
    func catchUp(_ connection: Connection) {
        var budget = BroadcastBudget(now: Clock.now, maxSends: sendsPerTurn)
        for room in connection.memberships.all.map(\.table.room) {
            // A replay that ends tells the client, which may be too much for one that does not read.
            guard let membership = connection.memberships.membership(in: room) else { continue }
            if membership.isReplaying {
                replay(membership, to: connection)
            } else {
                let place = membership.place
                _ = pass(membership.table, place..<place + 1, &budget)
                if !budget.hasRest { markDirty(membership.table, Clock.now) }
            }
        }
        end(budget)
        tellPresence(to: connection)
        endStalled(connection)
    }

    /// Sends a member all that it lacks, and tells it when that has been handed to the kernel; otherwise it
    /// goes on when the socket has taken what waits.
    ///
    /// Cost: a send for each `Limits.socketSendBufferBytes`, at most as much as a backlog holds.
    func replay(_ membership: Membership, to connection: Connection) {
        let (table, place, room) = (membership.table, membership.place, membership.table.room)
        while table.cursor(at: place) < room.history.backlog.end {
            var budget = BroadcastBudget(now: Clock.now, maxSends: sendsPerTurn)
            let before = table.cursor(at: place)
            _ = pass(table, place..<place + 1, &budget)
            end(budget)
            guard table.cursor(at: place) > before else { return }
        }
        guard table.cursor(at: place) != MemberTable.parked else { return }
        endReplay(of: room, to: connection)
    }

    /// Counts what was sent, and has the members closed that lack messages which the backlog no
    /// longer holds.
    private func end(_ budget: BroadcastBudget) {
        metrics.sent(budget.tally)
        for slot in budget.late { closeSoon(slot, "too slow: messages were missed") }
        for member in budget.parked { goOnSoon(member.slot, member.table) }
    }

    /// Closes a client that has missed messages, soon. Its writer sends no more frames of a table.
    func closeSoon(_ slot: Int32, _ reason: String) {
        guard let connection = connection(at: slot) else { return }
        deferWork(.close(connection.id, reason: reason))
    }

    /// Makes passes until all members have been sent everything, or the budget is spent.
    private func broadcast(_ table: MemberTable, _ budget: inout BroadcastBudget) {
        while budget.hasRest, let index = table.broadcastIndex {
            let next = pass(table, index..<table.count, &budget)
            table.broadcastIndex = next
            if next >= table.count { endPass(of: table) }
        }
    }

    /// Ends a pass, which has reached every member with at least what the backlog held when it
    /// began.
    private func endPass(of table: MemberTable) {
        table.passed = table.passEnd
        table.room.trim()
        metrics.broadcastEnded(since: table.arrivedAt)
        table.arrivedAt = table.nextArrivedAt ?? table.arrivedAt
        table.nextArrivedAt = nil
        let end = table.room.history.backlog.end
        table.broadcastIndex = table.passEnd == end ? nil : 0
        table.passEnd = end
    }

    /// Sends the members in these places what they lack, and returns the place to continue at.
    ///
    /// Cost: `send`, and 60 to 120 instructions a member. The tables are lent for the whole pass:
    /// to take them from their owner for each member costs 1,000 (`Benchmarks/counts`).
    private func pass(
        _ table: MemberTable,
        _ places: Range<Int>,
        _ budget: inout BroadcastBudget
    ) -> Int {
        var step = Step(place: places.lowerBound, end: places.upperBound)
        // Nothing is added or dropped meanwhile.
        let backlog = table.room.history.backlog
        table.withMembers { slots, cursors in
            writers.withUnsafeMutableBufferPointer { writers in
                while step.place < step.end, budget.hasRest {
                    let cursor = cursors[step.place]
                    let slot = slots[step.place]
                    if cursor < backlog.start {
                        if table.encoding == .v1 {
                            // One that is blocked goes on when its socket has taken what waits.
                            if writers[Int(slot)].takesFrames {
                                cursors[step.place] = MemberTable.parked
                                budget.parked.append((slot, table))
                            }
                        } else if !writers[Int(slot)].isClosing {
                            writers[Int(slot)].beginClosing()
                            budget.late.append(slot)
                        }
                        step.place += 1
                    } else if cursor >= backlog.end || !writers[Int(slot)].takesFrames {
                        // Checked before anything is prepared: a client that does not read costs no
                        // more than this.
                        step.place += 1
                    } else {
                        let piece = prepare(backlog, cursor, table.encoding)
                        if piece.messages > 0 {
                            sendPiece(piece, &step, slots, &cursors, &writers, &budget)
                        } else {
                            cursors[step.place] = piece.end
                        }
                    }
                }
            }
        }
        handOver(step.cuts, of: table, &budget)
        return step.place
    }

    /// How far a pass has come, and what is to be done after the tables are returned.
    private struct Step {
        /// A member of whose bytes the kernel took only the first `count`, and the cursor they
        /// begin at.
        struct Cut {
            let place: Int
            let cursor: Int
            let count: Int
        }

        var place: Int
        let end: Int
        var cuts: [Cut] = []
    }

    /// What a member lacks: bytes from a cursor on, and the cursor after them.
    private struct Piece {
        let cursor: Int
        let end: Int
        let bytes: [UInt8]
        let offset: Int
        /// The number of frames in it.
        let messages: Int
        /// Whether it reaches to the end of the backlog.
        let isWhole: Bool
    }

    private func prepare(_ backlog: Backlog, _ cursor: Int, _ encoding: Encoding) -> Piece {
        if encoding == .plain, backlog.withholds(from: cursor) {
            return gather(backlog, cursor, withheld: false)
        }
        guard let (batch, frame) = backlog.batch(at: cursor) else {
            preconditionFailure("a cursor before the end has a batch")
        }
        let end = cursor + batch.count - frame
        if end == backlog.end {
            let offset = batch.start(of: frame)
            return Piece(
                cursor: cursor,
                end: end,
                bytes: batch.bytes,
                offset: offset,
                messages: end - cursor,
                isWhole: true
            )
        }
        return gather(backlog, cursor, withheld: true)
    }

    private func gather(_ backlog: Backlog, _ cursor: Int, withheld isSent: Bool) -> Piece {
        let end = backlog.gather(
            from: cursor,
            withheld: isSent,
            limit: Limits.socketSendBufferBytes,
            into: &gathered
        )
        return Piece(
            cursor: cursor,
            end: end,
            bytes: gathered,
            offset: 0,
            messages: backlog.count(cursor..<end, withheld: isSent),
            isWhole: end == backlog.end
        )
    }

    /// Sends a piece to the next member, and to all after it that lack the same, which are nearly
    /// always all members.
    private func sendPiece(
        _ piece: Piece,
        _ step: inout Step,
        _ slots: UnsafeBufferPointer<Int32>,
        _ cursors: inout UnsafeMutableBufferPointer<Int>,
        _ writers: inout UnsafeMutableBufferPointer<SocketWriter>,
        _ budget: inout BroadcastBudget
    ) {
        piece.bytes.withUnsafeBytes { all in
            let bytes = UnsafeRawBufferPointer(rebasing: all[piece.offset...])
            repeat {
                let place = step.place
                step.place += 1
                let slot = Int(slots[place])
                guard writers[slot].takesFrames else { continue }
                budget.countSend()
                switch writers[slot].transmit(bytes) {
                case .sent:
                    cursors[place] = piece.end
                    budget.tally.add(messages: piece.messages, bytes: bytes.count)
                    // The member lacks more: it gets the next piece.
                    if !piece.isWhole { return step.place = place }
                case .partly(let count):
                    writers[slot].block()
                    step.cuts.append(.init(place: place, cursor: piece.cursor, count: count))
                case .broken:
                    break
                }
            } while step.place < step.end && cursors[step.place] == piece.cursor && budget.hasRest
        }
    }

    /// Hands to the channels the rest of each frame that the kernel took a part of; each member
    /// continues after that frame.
    private func handOver(
        _ cuts: [Step.Cut],
        of table: MemberTable,
        _ budget: inout BroadcastBudget
    ) {
        let (backlog, isSent) = (table.room.history.backlog, table.encoding == .v1)
        for cut in cuts {
            let (rest, next) = backlog.cut(from: cut.cursor, withheld: isSent, after: cut.count)
            table.move(at: cut.place, to: next)
            budget.tally.add(
                messages: backlog.count(cut.cursor..<next, withheld: isSent),
                bytes: cut.count + rest.count
            )
            connection(at: table.slots[cut.place])?.handOver(rest)
        }
    }
}
