/// A message a session has accepted and that has no place in a room's order yet.
public struct Draft: Sendable, Hashable {
    /// The session that hears what becomes of it.
    public let sender: SocketID
    /// Where it is to go.
    public let room: RoomName
    /// `{"type":"chat","username":U,"value":V}` and the room where it is not the lobby.
    public let body: [UInt8]

    /// A message on its way to a room.
    public init(sender: SocketID, room: RoomName, body: [UInt8]) {
        self.sender = sender
        self.room = room
        self.body = body
    }
}
