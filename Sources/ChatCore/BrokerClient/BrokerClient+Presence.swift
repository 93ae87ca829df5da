/// The rooms that names are present in.
///
/// A plain client's name is present in the lobby from the grant to the release, which the claim says. The name
/// of a resumable login is present in the rooms that its session is in: what it joins and leaves is sent in
/// calls of their own, one in flight per loop, with the proof of a message. A call that gets no answer may
/// still arrive later, so its names are claimed again: their new fences void it, and each claim says all
/// rooms of its name. After a take-over the name stays in the rooms that it was in; those that the client has
/// not joined again when a name would have ceased to linger are left.
extension BrokerClient {
    /// The rooms of one session, or of a name that outlives its socket.
    struct NameRooms: Sendable {
        /// The rooms that the session is in.
        var joined: [RoomName] = []
        /// Those that its name was in when it was taken over, and that it has not joined again.
        var kept: [RoomName] = []
        /// Those that the broker's record of its name has, as far as was answered.
        var recorded: [RoomName] = []
        /// Those that the claim in flight says.
        var claimed: [RoomName] = []
        /// Whether the session is among those whose rooms are to be sent.
        var isQueued = false

        /// The rooms that the name is to be present in.
        var wanted: [RoomName] { joined + kept }

        var isEmpty: Bool { joined.isEmpty && kept.isEmpty && recorded.isEmpty }
    }

    /// What one name of the call in flight does.
    struct Moving: Sendable {
        let socket: SocketID
        let login: LoginID
        let left: [RoomName]
        let joined: [RoomName]
    }

    /// Takes that a resumable session is in a room: its name is present there, now or as soon as it has one.
    public mutating func beginPresence(in room: RoomName, of socket: SocketID) {
        var rooms = roomsOfNames[socket] ?? NameRooms()
        guard !rooms.joined.contains(room) else { return }
        rooms.joined.append(room)
        rooms.kept.removeAll { $0 == room }
        // A record has no more rooms than a client may be in.
        let tooMany = rooms.joined.count + rooms.kept.count - Limits.roomsPerClient
        if tooMany > 0 { rooms.kept.removeFirst(min(tooMany, rooms.kept.count)) }
        roomsOfNames[socket] = rooms
        queueRooms(of: socket)
    }

    /// Takes that a session is not in a room any more.
    public mutating func endPresence(in room: RoomName, of socket: SocketID) {
        guard roomsOfNames[socket] != nil else { return }
        roomsOfNames[socket]?.joined.removeAll { $0 == room }
        roomsOfNames[socket]?.kept.removeAll { $0 == room }
        queueRooms(of: socket)
    }

    /// Takes that a session is over. The rooms of a name that lingers are kept.
    public mutating func sessionEnded(_ socket: SocketID) {
        guard roomsOfNames[socket] != nil, held.index(forKey: socket) == nil else { return }
        roomsOfNames[socket] = nil
    }
}

// MARK: - Names

extension BrokerClient {
    /// Returns the rooms that a claim says which is sent now.
    mutating func roomsToClaim(_ socket: SocketID, _ name: HeldName, isNew: Bool) -> [RoomName] {
        guard name.isResumable else { return Self.lobbyAlone }
        guard !isNew, let rooms = roomsOfNames[socket]?.wanted else { return [] }
        roomsOfNames[socket]?.claimed = rooms
        return rooms
    }

    private static let lobbyAlone = [RoomName.lobby]

    /// Takes the rooms that a name was in which a login was granted.
    mutating func takeRooms(_ grant: Grant, _ socket: SocketID, _ now: Instant) {
        guard !grant.rooms.isEmpty || roomsOfNames[socket] != nil else { return }
        var rooms = roomsOfNames[socket] ?? NameRooms()
        rooms.recorded = grant.rooms
        rooms.kept = grant.rooms.filter { !rooms.joined.contains($0) }
        let tooMany = rooms.joined.count + rooms.kept.count - Limits.roomsPerClient
        if tooMany > 0 { rooms.kept.removeFirst(min(tooMany, rooms.kept.count)) }
        roomsOfNames[socket] = rooms
        if !rooms.kept.isEmpty { keeping.append((socket, now + linger)) }
        queueRooms(of: socket)
    }

    /// Takes that a name was granted again, with the rooms that its claim said.
    mutating func confirmRooms(_ socket: SocketID) {
        guard let claimed = roomsOfNames[socket]?.claimed else { return }
        roomsOfNames[socket]?.recorded = claimed
        roomsOfNames[socket]?.claimed = []
        queueRooms(of: socket)
    }

    /// Leaves the rooms that a client has not joined again in time.
    mutating func endKeeping(_ socket: SocketID) {
        // A name that lingers stays where it is until it is given up, or its user comes back.
        guard roomsOfNames[socket]?.kept.isEmpty == false, held[socket]?.isLingering != true
        else { return }
        roomsOfNames[socket]?.kept = []
        queueRooms(of: socket)
    }

    /// Takes that a socket has no name any more: whatever took it has also taken it out of its rooms.
    mutating func forgetRecordedRooms(_ socket: SocketID, isOver: Bool = false) {
        guard roomsOfNames[socket] != nil else { return }
        roomsOfNames[socket]?.recorded = []
        roomsOfNames[socket]?.kept = []
        if isOver || roomsOfNames[socket]?.isEmpty == true { roomsOfNames[socket] = nil }
    }
}

// MARK: - Calls

extension BrokerClient {
    private mutating func queueRooms(of socket: SocketID) {
        guard roomsOfNames[socket]?.isQueued == false else { return }
        roomsOfNames[socket]?.isQueued = true
        changedRooms.append(socket)
        markRoomsReady()
    }

    /// Has the rooms of names sent at the end of the turn, if they can be sent.
    mutating func markRoomsReady() {
        guard !changedRooms.isEmpty, moving.isEmpty, canAsk else { return }
        claims.isReady = true
    }

    /// Sends what names join and leave, in one call.
    mutating func sendRooms(_ effects: inout [Effect]) {
        guard !changedRooms.isEmpty, moving.isEmpty, canAsk, let context else { return }
        var moves: [PresenceCall.Move] = []
        var rest = Limits.presencePairs
        while rest > 0, let socket = changedRooms.popFirst() {
            guard let move = move(socket, atMost: rest) else { continue }
            rest -= move.left.count + move.joined.count
            moves.append(move)
        }
        guard !moves.isEmpty else { return }
        pending.append(.presence(context.epoch))
        let call = PresenceCall(
            epoch: context.epoch,
            incarnation: context.incarnation,
            moves: moves
        )
        effects.append(.call(.presence(call)))
    }

    /// Returns what a name joins and leaves; nil: nothing, or it is sent with the name's next claim.
    private mutating func move(_ socket: SocketID, atMost most: Int) -> PresenceCall.Move? {
        roomsOfNames[socket]?.isQueued = false
        guard let rooms = roomsOfNames[socket] else { return nil }
        guard let name = held[socket], name.phase == .held else { return nil }
        let wanted = rooms.wanted
        let left = rooms.recorded.filter { !wanted.contains($0) }
        let joined = wanted.filter { !rooms.recorded.contains($0) }
        guard !left.isEmpty || !joined.isEmpty else {
            if rooms.isEmpty { roomsOfNames[socket] = nil }
            return nil
        }
        if left.count + joined.count > most {
            roomsOfNames[socket]?.isQueued = true
            changedRooms.append(socket)
        }
        let move = PresenceCall.Move(
            username: name.username,
            login: name.login,
            fence: name.fence,
            producer: name.producer,
            left: Array(left.prefix(most)),
            joined: Array(joined.prefix(max(0, most - left.count)))
        )
        moving.append(
            Moving(socket: socket, login: name.login, left: move.left, joined: move.joined)
        )
        return move
    }

    /// Takes the answer to a call.
    mutating func roomsAnswered(
        _ epoch: Epoch,
        _ answer: PresenceAnswer,
        _ effects: inout [Effect]
    ) {
        let moved = takeMoving()
        switch answer {
        case .verdicts(let verdicts):
            for (move, verdict) in zip(moved, verdicts)
            where held[move.socket]?.login == move.login {
                switch verdict {
                case .done: note(move)
                case .fenced: markUnconfirmed(move.socket)
                }
            }
        case .otherEpoch:
            if epoch == registration?.epoch { recheckRegistration(&effects) }
            for move in moved { queueRooms(of: move.socket) }
        }
        markRoomsReady()
    }

    private mutating func note(_ move: Moving) {
        roomsOfNames[move.socket]?.recorded.removeAll { move.left.contains($0) }
        roomsOfNames[move.socket]?.recorded += move.joined
        queueRooms(of: move.socket)
    }

    /// Handles a call that was refused before anything was written: it is made again at the next tick.
    mutating func roomsRefused() {
        for move in takeMoving() where roomsOfNames[move.socket]?.isQueued == false {
            roomsOfNames[move.socket]?.isQueued = true
            changedRooms.append(move.socket)
        }
        isRetryDue = true
    }

    /// Handles a call that will never be answered, and may still be carried out later.
    mutating func roomsCut() {
        for move in takeMoving() where held[move.socket]?.login == move.login {
            markUnconfirmed(move.socket)
        }
    }

    private mutating func takeMoving() -> [Moving] {
        defer { moving = [] }
        return moving
    }
}
