public import ChatCore

/// Rooms.
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
            guard rooms[index].isLeaving, rooms[index].next == nil else {
                return answer(call, .failure(.alreadyJoined))
            }
            rooms[index].next = (history, call)
            return
        }
        rooms.append(ClientRoom(name: room, history: history, call: call))
        goOn()
    }

    /// Leaves a room. Its events are over at once.
    public mutating func leave(_ room: String, at now: Instant) {
        self.now = now
        guard let index = rooms.firstIndex(where: { $0.name == room }) else { return }
        let call = rooms[index].call ?? rooms[index].next?.call
        guard !rooms[index].isLeaving || call != nil else { return }
        answer(call, .failure(.notJoined))
        if call == nil { effects.append(.finish(room: room, nil)) }
        forget(room)
        goOn()
    }

    /// Takes a room out. One whose `join` has no answer yet is left when that has come, so that the answer is
    /// not taken for that to a later `join`. A node need not answer a `join` that is followed by a `leave`.
    mutating func forget(_ room: String) {
        failHistories(of: room, .notJoined)
        guard let index = rooms.firstIndex(where: { $0.name == room }) else { return }
        rooms[index].call = nil
        rooms[index].next = nil
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

    /// Leaves a room whose reader is too slow, until `goBack`: then it goes on from where it stood, as after a
    /// lost connection. Older messages that are asked for meanwhile are read: it may be the reader who asks.
    public mutating func stepOut(of room: String, at now: Instant) {
        self.now = now
        guard case .open = link, let index = rooms.firstIndex(where: { $0.name == room }),
            rooms[index].isInside
        else { return }
        rooms[index].isBehind = true
        rooms[index].isVisit = true
        goOn()
    }

    /// Takes that the reader of a room has caught up.
    public mutating func goBack(to room: String, at now: Instant) {
        self.now = now
        guard let index = rooms.firstIndex(where: { $0.name == room }) else { return }
        rooms[index].isBehind = false
        goOn()
    }

    /// Ends visits that have no reason any more.
    mutating func goOnLeaving(_ socket: SocketNumber) {
        for index in rooms.indices where rooms[index].isVisit && rooms[index].isInside {
            let isNeeded = rooms[index].isBehind && isReading(rooms[index].name)
            if !isNeeded { stepBack(index, socket) }
        }
    }

    /// Leaves a room that the client goes on with where it stands.
    private mutating func stepBack(_ index: Int, _ socket: SocketNumber) {
        rooms[index].isVisit = false
        rooms[index].phase = .out(notBefore: .distantPast)
        effects.append(.send(socket, ClientRequest.leave(rooms[index].name)))
    }

    /// Asks for the rooms, behind the claim of a name: a node answers in that order.
    mutating func goOnJoining(_ socket: SocketNumber) {
        for index in rooms.indices {
            let room = rooms[index]
            guard case .out(let notBefore) = room.phase, now >= notBefore,
                !room.isBehind || isReading(room.name)
            else { continue }
            rooms[index].phase = .asked(at: now)
            rooms[index].isVisit = room.isBehind
            let request = ClientRequest.join(
                room.name,
                since: room.isBehind ? nil : room.position,
                history: room.isBehind ? nil : room.history
            )
            effects.append(.send(socket, request))
        }
    }

    // MARK: Answers and entries

    mutating func joined(_ index: Int, _ message: HeardMessage) {
        guard case .asked = rooms[index].phase, let place = RoomPosition(message) else { return }
        let name = rooms[index].name
        guard !rooms[index].isLeaving else { return endLeaving(index, sending: true) }
        guard !rooms[index].isVisit else { return rooms[index].phase = .inside }
        let event = rooms[index].joined(at: place, message)
        if login.phase == .none { settleIn(isAtHome: true) }
        answer(rooms[index].call.take(), .success(.done))
        effects.append(.tell(event, room: name))
    }

    /// Takes the answer to the `join` of a room that was to be left then.
    private mutating func endLeaving(_ index: Int, sending: Bool) {
        let room = rooms.remove(at: index)
        if sending, case .open(let socket) = link {
            effects.append(.send(socket, ClientRequest.leave(room.name)))
        }
        if let next = room.afterLeaving { rooms.append(next) }
    }

    /// Takes the refusal of a `join`.
    mutating func joinRefused(_ index: Int, _ message: HeardMessage) {
        guard !rooms[index].isLeaving else { return endLeaving(index, sending: false) }
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
        if let seq = message.seq, let mid = message.mid, !rooms[index].move(to: seq, mid) {
            // A fault of the node's: over again, what lies between is sent or told to be lost.
            if case .open(let socket) = link { stepBack(index, socket) }
            return
        }
        effects.append(.tell(event, room: name))
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
