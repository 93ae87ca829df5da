/// Messages to any room, and their receipts.
extension Session {
    /// Returns what the session has beyond its name.
    mutating func startConversation() -> Conversation {
        if let conversation { return conversation }
        let new = Conversation()
        conversation = new
        return new
    }

    /// Begins a login after the number that was accepted last under its name.
    mutating func begin(at acked: UInt64) {
        if acked > 0 { startConversation().begin(at: acked) } else { conversation?.begin(at: 0) }
    }

    /// Sends a message to a room. Returns false if it has to wait: for the settlement of messages in
    /// another room, because one sender's order is one over all rooms.
    mutating func converse(
        _ value: Range<Int>?,
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Bool {
        guard let room = room(of: request, text, &effects) else { return true }
        guard mayFollow(in: room) else { return refuseStalled(request, text, &effects) }
        let named = room == .lobby ? nil : room.text
        if let body = body(value, request, text, room: named) {
            send(body.bytes, to: room, request, text, &effects)
        } else {
            refuse(whyNotHolder, request, text, &effects)
        }
        return true
    }

    /// Whether an entry of a room may be sent behind the messages that are not settled yet.
    func mayFollow(in room: RoomName) -> Bool {
        unsettled == 0 || conversation?.room ?? .lobby == room
    }

    /// Refuses an entry that can wait only for the broker to come back; returns false if others are settled
    /// before that.
    func refuseStalled(
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Bool {
        guard isStalled else { return false }
        let why = Refusal.unavailable(
            reason: BrokerClient.lostTouch,
            retryAfter: Limits.retryAfter
        )
        refuse(why, request, text, &effects)
        return true
    }

    /// Sends the body of an entry to a room, if its number allows it.
    mutating func send(
        _ body: [UInt8],
        to room: RoomName,
        isRemoval: Bool = false,
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        let conversation = startConversation()
        let n = request.about?.n ?? 0
        guard conversation.takes(numbered: n != 0) else {
            return refuse(.malformed(.otherNumbering), request, text, &effects)
        }
        // The answer to the one that is on its way is the answer to this one, too.
        guard !conversation.awaits(n) else { return }
        conversation.room = room
        let tag = conversation.add(id: request.id(in: text), n: n, isRemoval: isRemoval)
        unsettled += 1
        effects.append(.publish(Draft(sender: id, room: room, body: body, tag: tag)))
    }

    /// Tells the client of the messages that were accepted, as far as it wants to know.
    mutating func acknowledge(
        _ first: Acceptance,
        _ drafts: DraftSpan,
        _ effects: inout [Effect]
    ) {
        guard let conversation else { return }
        // A room that the client has joined was counted when it was heard.
        if first.seq == 1, !first.isRepeated, conversation.room != .lobby,
            !conversation.rooms.contains(where: { $0.name == conversation.room })
        {
            conversation.newRooms += 1
        }
        for index in 0..<drafts.count {
            let tag = drafts.tag.advanced(by: index)
            guard let receipt = conversation.takeReceipt(tag) else { continue }
            conversation.accepted(receipt.n)
            let place = first.advanced(by: index)
            let about = Subject(room: conversation.room.text, id: receipt.id, n: receipt.n)
            effects.append(.tell(.accepted(place, about)))
        }
    }

    /// Refuses a message that was sent earlier.
    mutating func report(_ why: Refusal, _ drafts: DraftSpan, _ effects: inout [Effect]) {
        var about: Subject?
        if let conversation {
            let receipt = conversation.takeReceipt(drafts.tag)
            about = Subject(room: conversation.room.text, id: receipt?.id, n: receipt?.n ?? 0)
        }
        effects.append(.tell(.refused(why, name: name.held?.display, about: about)))
    }
}

extension Session.Request {
    /// Returns what the client wants to be answered with, as it was written.
    func id(in text: RawSpan) -> [UInt8]? {
        about?.id.map { range in text.extracting(range).withUnsafeBytes { Array($0) } }
    }
}
