public import ChatCore

/// Rooms and older messages.
extension ClientMachine {
    /// Enters a room. The call is answered once the node has said where the client stands; over each later
    /// socket the client joins again by itself.
    public mutating func join(
        _ room: String,
        history: Int?,
        call: CallNumber,
        at now: Instant
    ) {
        self.now = now
        if let over { return answer(call, .failure(over)) }
        if let index = rooms.firstIndex(where: { $0.name == room }) {
            guard rooms[index].isLeaving else { return answer(call, .failure(.alreadyJoined)) }
            rooms[index].isLeaving = false
            rooms[index].call = call
            rooms[index].history = history
            return
        }
        rooms.append(ClientRoom(name: room, history: history, call: call))
        goOn()
    }

    /// Leaves a room. Its events are over at once.
    public mutating func leave(_ room: String, at now: Instant) {
        self.now = now
        guard let index = rooms.firstIndex(where: { $0.name == room && !$0.isLeaving }) else {
            return
        }
        answer(rooms[index].call, .failure(.notJoined))
        if rooms[index].call == nil { effects.append(.finish(room: room, nil)) }
        forget(room)
        goOn()
    }

    /// Takes a room out. One whose `join` has no answer yet is left when that has come, so that the answer is
    /// not taken for that to a later `join`.
    mutating func forget(_ room: String) {
        failHistories(of: room, .notJoined)
        guard let index = rooms.firstIndex(where: { $0.name == room }) else { return }
        rooms[index].call = nil
        switch rooms[index].phase {
        case .asked:
            rooms[index].isLeaving = true
            rooms[index].position = nil
        case .out: rooms.remove(at: index)
        case .inside:
            rooms.remove(at: index)
            if case .open(let socket) = link {
                effects.append(.send(socket, ClientRequest.leave(room)))
            }
        }
    }

    mutating func goOnJoining(_ socket: SocketNumber) {
        guard login.isDecided else { return }
        for index in rooms.indices {
            guard case .out(let notBefore) = rooms[index].phase, now >= notBefore else { continue }
            let room = rooms[index]
            rooms[index].phase = .asked(at: now)
            let request = ClientRequest.join(
                room.name,
                since: room.position,
                history: room.history
            )
            effects.append(.send(socket, request))
        }
    }

    // MARK: Answers and entries

    mutating func joined(_ index: Int, _ message: HeardMessage) {
        guard case .asked = rooms[index].phase, let place = RoomPosition(message) else { return }
        let name = rooms[index].name
        let event = rooms[index].joined(at: place, message)
        guard !rooms[index].isLeaving else { return forget(name) }
        if login.phase == .none { settleIn(isAtHome: true) }
        answer(rooms[index].call.take(), .success(.done))
        effects.append(.tell(event, room: name))
    }

    /// Takes the refusal of a `join`.
    mutating func joinRefused(_ index: Int, _ message: HeardMessage) {
        guard !rooms[index].isLeaving else {
            rooms.remove(at: index)
            return
        }
        switch message.code {
        case "unavailable", "rate_limited":
            rooms[index].phase = .out(notBefore: now + pause(message))
        default:
            let room = rooms.remove(at: index)
            let error = refusal(message)
            failHistories(of: room.name, .notJoined)
            if let call = room.call {
                answer(call, .failure(error))
            } else {
                effects.append(.finish(room: room.name, error))
            }
        }
    }

    /// Takes what is said of a room that the client is in.
    mutating func heard(_ message: HeardMessage, _ text: RawSpan, in index: Int) {
        let name = rooms[index].name
        switch message.type {
        case "reset":
            guard let place = RoomPosition(message) else { return }
            rooms[index].reset(to: place)
            effects.append(.tell(.reset(place), room: name))
        case "gap":
            guard let from = message.from, let to = message.to, from <= to else { return }
            rooms[index].lostUpTo = to
            effects.append(.tell(.gap(from...to), room: name))
        case "synced":
            effects.append(.tell(.synced(seq: message.seq ?? 0), room: name))
        case "presence":
            effects.append(.tell(.presence(rooms[index].present(message)), room: name))
        case "typing":
            effects.append(.tell(.typing(message.users ?? []), room: name))
        default:
            entry(message, text, in: index)
        }
    }

    /// Takes an entry of the room's order, of whatever kind.
    private mutating func entry(_ message: HeardMessage, _ text: RawSpan, in index: Int) {
        let name = rooms[index].name
        let written = RoomEvent(
            entry: message,
            json: text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        )
        guard let event = written else { return }
        if let seq = message.seq, let mid = message.mid {
            let (missing, isNew) = rooms[index].move(to: seq, mid)
            guard isNew else { return }
            if let missing { effects.append(.tell(.gap(missing), room: name)) }
        }
        effects.append(.tell(event, room: name))
    }

    // MARK: Older messages

    /// Asks for older messages of a room that the client is in. The call is answered with `.page`.
    public mutating func readHistory(
        of room: String,
        before: UInt64?,
        limit: Int?,
        call: CallNumber,
        at now: Instant
    ) {
        self.now = now
        if let over { return answer(call, .failure(over)) }
        guard rooms.contains(where: { $0.name == room && !$0.isLeaving }) else {
            return answer(call, .failure(.notJoined))
        }
        histories.append(
            HistoryRequest(
                call: call,
                room: room,
                before: before,
                limit: limit,
                id: "h\(call.value)",
                since: now
            )
        )
        goOn()
    }

    /// Sends the request that has waited longest and may be sent: one at a time.
    mutating func goOnReading(_ socket: SocketNumber) {
        guard !histories.contains(where: \.isAsked),
            let index = histories.firstIndex(where: { request in
                now >= request.notBefore
                    && rooms.contains { $0.name == request.room && $0.isInside }
            })
        else { return }
        histories[index].isAsked = true
        histories[index].askedAt = now
        let asked = histories[index]
        let request = ClientRequest.history(
            asked.room,
            before: asked.before,
            limit: asked.limit,
            id: asked.id
        )
        effects.append(.send(socket, request))
    }

    mutating func historyRead(_ message: HeardMessage) {
        guard let index = histories.firstIndex(where: \.isAsked),
            histories[index].room == message.room ?? RoomName.lobby.text
        else { return }
        let items = message.items ?? []
        let page = RoomHistoryPage(
            items: items.compactMap { RoomEvent(entry: $0, json: $0.json ?? "") },
            firstSeq: items.first?.seq,
            hasMore: message.hasMore
        )
        answer(histories.remove(at: index).call, .success(.page(page)))
    }

    /// Takes the refusal of a request for older messages.
    mutating func historyRefused(_ index: Int, _ message: HeardMessage) {
        let mayAskAgain = message.code == "unavailable" || message.code == "rate_limited"
        guard mayAskAgain, now - histories[index].since < Limits.clientAnswerTimeout else {
            answer(histories.remove(at: index).call, .failure(refusal(message)))
            return
        }
        histories[index].isAsked = false
        histories[index].notBefore = now + pause(message)
    }

    private mutating func failHistories(of room: String, _ error: ChatClientError) {
        for request in histories where request.room == room {
            answer(request.call, .failure(error))
        }
        histories.removeAll { $0.room == room }
    }
}

extension RoomPosition {
    init?(_ message: HeardMessage) {
        guard let epoch = message.epoch, let seq = message.seq, let mid = message.mid else {
            return nil
        }
        self.init(epoch: epoch, seq: seq, mid: mid)
    }
}

extension RoomEvent {
    /// Makes the event of an entry; nil for a message that is no entry.
    init?(entry message: HeardMessage, json: @autoclosure () -> String) {
        switch message.type {
        case "chat":
            self = .chat(
                ChatMessage(
                    username: message.username ?? "",
                    json: message.value ?? "null",
                    seq: message.seq,
                    timestampMs: message.timestampMs,
                    mid: message.mid
                )
            )
        case "removed":
            guard let seq = message.seq, let mid = message.mid else { return nil }
            self = .removed(
                ChatRemoval(
                    seq: seq,
                    mid: mid,
                    removedSeq: message.removed?.seq,
                    removedMid: message.removed?.mid,
                    by: message.by,
                    reason: message.reason,
                    timestampMs: message.timestampMs
                )
            )
        default:
            guard let seq = message.seq, let mid = message.mid else { return nil }
            self = .other(OtherEntry(type: message.type, seq: seq, mid: mid, json: json()))
        }
    }
}
