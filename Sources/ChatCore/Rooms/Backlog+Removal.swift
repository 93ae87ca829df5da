/// Messages that are taken back while they are kept.
extension Backlog {
    /// Takes the text out of a message, wherever it stands: after a reset it may stand there twice. The frames
    /// keep their cursors.
    ///
    /// Cost: a look at each frame.
    public mutating func blank(_ mid: MessageID, in room: RoomName) {
        var index = head
        while index < entries.count {
            if let entry = entries[index], let frame = entry.batch.frame(of: mid) {
                replace(at: index, with: entry.batch.blanking(frame, in: room))
                withhold(entry.first + frame..<entry.first + frame + 1)
            }
            index += 1
        }
    }
}
