import ChatClient
import ChatCore
import ChatSupport

/// What a group's recipients hear, and what its senders are answered.
extension Traffic {
    private var rooms: BenchRooms { group.plan.codec.rooms }

    func heard(_ text: RawSpan, by client: BenchClient) {
        guard let place = client.place else { return }
        guard let heard = group.plan.codec.read(text) else {
            return hearOther(text, by: client, at: place)
        }
        hear(heard, at: place)
    }

    private func hear(_ heard: StampCodec.Heard, at place: Int) {
        let (stamp, now) = (heard.stamp, group.now)
        guard books.hear(heard, at: place, now: now, senders, window) else { return }
        report(Int(stamp.sender), stamp.number, stamp.intended, now)
    }

    /// Takes a text that is not in the form in which a node writes this run's messages.
    private func hearOther(_ text: RawSpan, by client: BenchClient, at place: Int) {
        if let ack = group.plan.codec.readAck(text) { return takeAck(ack, of: client) }
        guard let message = HeardMessage(text) else { return books.counts.foreign += 1 }
        if let heard = group.plan.codec.read(message) { return hear(heard, at: place) }
        switch message.type {
        case "error": books.counts.refused[message.code ?? "error", default: 0] += 1
        case "logged_out": books.counts.refused[message.reason ?? "logged_out", default: 0] += 1
        case "ack": books.counts.undueAcks += 1
        case "status", "presence": break
        default:
            books.counts.foreign += 1
            if let seq = message.seq { books.ledger.place(seq, at: place) }
        }
    }

    /// Takes the `ack` of a sender's message: they come in the order of the messages, once each.
    private func takeAck(_ ack: StampCodec.Ack, of client: BenchClient) {
        guard let lane = laneOfSender[client.number], ack.n == lanes[lane].acked + 1,
            ack.n <= books.counts.sent[client.number]
        else { return books.counts.undueAcks += 1 }
        lanes[lane].acked = ack.n
        _ = lanes[lane].unacknowledged.popFirst()
        books.counts.acked += 1
        guard window.measures(ack.intended) else { return }
        books.counts.ackLatency.record(group.now - ack.intended)
    }

    /// Has a sender that has come back send again what was not accepted, under the same numbers. If the server
    /// has forgotten what it had acknowledged, the sender falls silent.
    func cameBack(_ client: BenchClient) {
        guard let lane = laneOfSender[client.number] else { return }
        let accepted = client.resumePoint.acked
        guard accepted >= lanes[lane].acked else { return lanes[lane].isSilent = true }
        books.counts.acked += Int(accepted - lanes[lane].acked)
        lanes[lane].acked = accepted
        let stamps = lanes[lane].unacknowledged.takeAll().filter { $0.number >= accepted }
        for stamp in stamps {
            lanes[lane].unacknowledged.append(stamp)
            say(stamp, lane)
        }
        flushSoon()
    }

    /// Notes that all recipients of one group have a message of one of this group's senders. With
    /// several groups the last report counts, which comes later than the last receipt by one step
    /// between loops only if another report overtook it.
    func complete(_ sender: Int, _ number: UInt32, _ intended: Instant, at time: Instant) {
        guard groupsLacking.hear(sender: sender, number: number) else { return }
        settle(sender, intended, at: time)
    }

    /// Notes that one group has no recipients in a room any more.
    func groupLeft(_ room: Int, reported: [UInt32]) {
        let left = groupsLacking.leave(rooms.senders(in: room, of: senders)) {
            reported[rooms.index(of: $0)]
        }
        for (sender, _) in left { settle(sender, .distantPast, at: Clock.now) }
    }

    private func settle(_ sender: Int, _ intended: Instant, at time: Instant) {
        books.counts.complete += 1
        if window.measures(intended) {
            books.counts.completeMeasured += 1
            books.counts.toLast.record(time - intended)
        }
        guard case .closed = load, isSending, let lane = laneOfSender[sender] else { return }
        send(lane, intended: Clock.now)
    }

    /// Notes that a recipient has ended: the others' messages are complete without it.
    func left(_ client: BenchClient) {
        guard let place = client.place else { return }
        let room = rooms.room(of: client.number)
        let ledger = books.ledger
        let complete = books.deliveries.leave(rooms.senders(in: room, of: senders)) {
            ledger.next(of: $0, at: place)
        }
        present[room] -= 1
        for (sender, number) in complete {
            report(sender, number, .distantPast, Clock.now)
        }
        leaveIfEmpty(room)
    }

    func leaveIfEmpty(_ room: Int) {
        guard hasStarted, present[room] == 0, roomsLeft.insert(room).inserted else { return }
        leave(room, rooms.senders(in: room, of: senders).map { books.deliveries.next(of: $0) })
    }
}
