/// Hearing rooms.
extension Session {
    /// Returns the room that a request is about; nil if its name is not one, which the client is told.
    func room(
        of request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> RoomName? {
        guard let sent = request.about?.room else { return .lobby }
        do throws(RoomNameError) {
            guard let name = sent.decoded(in: text) else { throw .notText }
            return try RoomName(name)
        } catch {
            refuse(.badRoom(error), request, text, &effects)
            return nil
        }
    }

    /// Whether a request is a message to a room that the client does not hear and has not spoken in last:
    /// this node may have to begin to hear it.
    func isBeginning(_ request: Request, _ text: RawSpan) -> Bool {
        guard case .say = request.action, let sent = request.about?.room, let conversation,
            let name = sent.decoded(in: text)
        else { return false }
        return name != conversation.room.text && name != RoomName.lobby.text
            && !conversation.rooms.contains { $0.name.text == name }
    }

    /// Charges the client for a request to hear a room, or to speak in another one, and tells it if that is
    /// too many. One that is refused is charged as a message, so that a client that goes on is closed as any
    /// other.
    mutating func isJoinAdmitted(
        _ request: Request,
        _ text: RawSpan,
        _ now: Instant,
        _ effects: inout [Effect]
    ) -> Bool {
        let conversation = startConversation()
        conversation.settleNewRooms(at: rules.rooms.newRooms, now: now)
        var wait = rules.rooms.joins.flatMap { conversation.joins.take(1, at: $0, now: now) }
            .map(Duration.nanoseconds)
        // A join is refused only if the node does not hear the room, which the session does not know.
        if !request.isLookUp { wait = wait ?? conversation.newRoomDebt }
        guard let wait else { return true }
        if limit.admit(policy: rules.rates, now: now) == .flooding {
            flood(&effects)
        } else {
            refuse(.tooMuch(retryAfter: wait), request, text, &effects)
        }
        return false
    }

    /// Has the client hear a room. A room that it hears already is only described once more; one that
    /// it has asked for is described when it is heard.
    mutating func join(
        from start: Start,
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        guard let name = room(of: request, text, &effects) else { return }
        let conversation = startConversation()
        if let room = conversation.rooms.first(where: { $0.name == name }) {
            if room.isHeard { effects.append(.hear(name, from: .now)) }
            return
        }
        guard conversation.rooms.count < rules.rooms.most else {
            return refuse(.tooManyRooms(most: rules.rooms.most), request, text, &effects)
        }
        conversation.rooms.append(.init(name: name, state: .awaited(start)))
        effects.append(.enter(name, mayBegin: conversation.newRoomDebt == nil))
    }

    /// Ends the hearing of a room at once.
    mutating func leave(_ request: Request, _ text: RawSpan, _ effects: inout [Effect]) {
        guard let name = room(of: request, text, &effects) else { return }
        guard let index = conversation?.rooms.firstIndex(where: { $0.name == name }) else {
            return refuse(.notInRoom, request, text, &effects)
        }
        conversation?.rooms.remove(at: index)
        effects.append(.leave(name))
    }

    /// Takes the answer to `enter`: this node hears the room. `birth` is the id with which it began, if nothing
    /// was said there yet.
    mutating func entered(
        _ name: RoomName,
        birth: MessageID?,
        into effects: inout [Effect]
    ) {
        let index = conversation?.rooms.firstIndex { $0.name == name }
        var start = Start.now
        if let index, case .awaited(let asked)? = conversation?.rooms[index].state { start = asked }
        // A client that knows the birth was there before: it does not begin the room.
        if let birth, start.mid != birth { conversation?.newRooms += 1 }
        guard let index else { return }
        conversation?.rooms[index].state = .heard
        effects.append(.hear(name, from: start))
        goOn(&effects)
    }

    /// Takes the answer to `enter`: this node does not hear the room.
    mutating func notEntered(
        _ name: RoomName,
        _ why: Refusal,
        into effects: inout [Effect]
    ) {
        guard let index = conversation?.rooms.firstIndex(where: { $0.name == name }) else { return }
        // It was heard a moment ago: the name is not present there any more.
        if conversation?.rooms[index].isHeard == true { effects.append(.leave(name)) }
        conversation?.rooms.remove(at: index)
        let about = Subject(room: name.text)
        effects.append(.tell(.refused(why, name: self.name.held?.display, about: about)))
        goOn(&effects)
    }

    /// Takes where the client stands in a room that it hears from now on, or has heard before, and who is
    /// present there; nil: that is not known yet.
    public mutating func heard(
        _ name: RoomName,
        at position: Position,
        isRecovered: Bool?,
        presence: PresenceFrames?,
        into effects: inout [Effect]
    ) {
        effects.append(.tell(.joined(name, position, isRecovered: isRecovered, presence)))
    }

    /// Takes that everything that a room had when the client joined has been sent.
    public mutating func synced(
        _ name: RoomName,
        seq: UInt64,
        into effects: inout [Effect]
    ) {
        effects.append(.tell(.synced(name, seq: seq)))
    }

    /// Leaves the rooms that have not been heard yet, because the socket is closed.
    mutating func leaveRooms(_ effects: inout [Effect]) {
        for room in conversation?.rooms ?? [] where !room.isHeard {
            effects.append(.leave(room.name))
        }
        conversation?.rooms = []
    }
}
