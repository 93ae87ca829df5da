extension Session {
    /// Where the hearing of a room begins.
    public enum Start: Sendable, Hashable {
        /// With what is said from now on.
        case now
        /// With what follows a position, if that is of the room's history; otherwise from now on.
        case after(Position)
        /// From now on: the client names a position that no room can have.
        case nowhere
    }
}

extension Session.Start {
    /// Makes the start that a client asks for.
    init(_ since: Session.Request.Since?, in text: RawSpan) {
        guard let since else {
            self = .now
            return
        }
        guard let epoch = since.epoch.decoded(in: text),
            let number = UInt64(decimal: epoch.utf8.span.bytes), number < Limits.epochs,
            let id = since.mid.decoded(in: text), let mid = MessageID(id)
        else {
            self = .nowhere
            return
        }
        self = .after(Position(epoch: number, seq: since.seq, mid: mid))
    }
}
