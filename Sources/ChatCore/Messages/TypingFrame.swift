/// What the members of a room are told of who writes there.
public enum TypingFrame {
    /// Returns the frame with the names of those who write.
    public static func bytes(of names: [String], in room: RoomName) -> [UInt8] {
        var list = [UInt8(ascii: "[")]
        for name in names {
            if list.count > 1 { list.append(UInt8(ascii: ",")) }
            JSONWriter.append(name, to: &list)
        }
        list.append(UInt8(ascii: "]"))
        var message = MessageWriter("typing", after: [])
        message.add("room", room.text)
        message.add("users", verbatim: list)
        message.end()
        return FramedBatch(framing: message.json).bytes
    }
}
