extension Session {
    /// Where the hearing of a room begins.
    public struct Start: Sendable, Hashable {
        /// Where the client stood.
        public enum Since: Sendable, Hashable {
            /// It does not say.
            case unsaid
            /// At a position: if that is of the room's history, the client hears what follows it.
            case position(Position)
            /// At a position that no room can have.
            case impossible
        }

        /// Where the client stood.
        public let since: Since
        /// The number of newest messages that the client hears first if no position is found; 0: none.
        public let last: UInt64

        /// Makes a start.
        public init(since: Since = .unsaid, last: UInt64 = 0) {
            self.since = since
            self.last = last
        }

        /// The id of the message at which the client stood; nil: it does not say.
        var mid: MessageID? {
            if case .position(let position) = since { position.mid } else { nil }
        }

        /// With what is said from now on.
        public static let now = Start()
    }
}

extension Session.Start {
    /// Makes the start that a client asks for.
    init(_ since: Session.Request.Since?, last: UInt64, in text: RawSpan) {
        self.init(since: Since(since, in: text), last: last)
    }
}

extension Session.Start.Since {
    fileprivate init(_ since: Session.Request.Since?, in text: RawSpan) {
        guard let since else {
            self = .unsaid
            return
        }
        guard let epoch = since.epoch.decoded(in: text),
            let number = UInt64(decimal: epoch.utf8.span.bytes), number < Limits.epochs,
            let id = since.mid.decoded(in: text), let mid = MessageID(id)
        else {
            self = .impossible
            return
        }
        self = .position(Position(epoch: number, seq: since.seq, mid: mid))
    }
}
