import ChatCore

/// What a test's sessions want of a loop.
extension CheckedLoop {
    /// Asks for a name. With `proof`, which may be a secret or none, the login can be taken over.
    func claim(_ name: Username, by socket: SocketID, proof: LoginSecret?? = nil) {
        ask { [self] in
            $0.claim(
                name,
                for: socket,
                isResumable: proof != nil,
                proof: proof?.map { LoginID($0) },
                using: &random,
                now: Self.now,
                into: &$1
            )
        }
    }

    func release(_ name: Username, by socket: SocketID, _ action: Release.Action = .delete) {
        ask { $0.release(name, for: socket, action, now: Self.now, into: &$1) }
    }

    /// Gives up what lingers, as a node does that leaves.
    func leaveNode() { ask { $0.leave(into: &$1) } }

    /// Sets how long names linger from now on.
    func linger(for duration: Duration) { client.linger = duration }

    func say(_ text: String, in room: RoomName = .lobby, by socket: SocketID) {
        unsettled[socket, default: []].append(("\"\(text)\"", room))
        if unsettled[socket]?.count == 1 { publishNext(of: socket) }
    }

    /// Hands over the next message of a socket.
    func publishNext(of socket: SocketID) {
        guard let (text, room) = unsettled[socket]?.first else { return }
        let body = Array(#"{"type":"chat","username":"x","value":\#(text)}"#.utf8)
        let draft = Draft(sender: socket, room: room, body: body)
        ask { $0.publish(draft, now: Self.now, into: &$1) }
    }

    /// Lets a first member join a room.
    func join(_ room: RoomName) { ask { $0.memberJoined(room, into: &$1) } }

    /// Lets the last member leave a room.
    func leave(_ room: RoomName) { ask { $0.memberLeft(room, into: &$1) } }
}
