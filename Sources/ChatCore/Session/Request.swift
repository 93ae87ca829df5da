extension Session {
    /// A client's request, as its dialect has read it: ranges of the text in which it was sent. Layout:
    /// it refers to no memory of its own, so that a copy counts no references.
    public struct Request: Sendable {
        /// The kind of a request, with what only that kind has.
        public enum Action: Sendable {
            /// Claims the name in the request; with the secret of an earlier login, takes it over.
            case claim(secret: JSONString? = nil)
            /// Gives the name back.
            case release
            /// Sends a message to a room; without a value it is `null`.
            case say(value: Range<Int>?)
            /// Has the client hear a room: from a position on if there is one, otherwise with a number of its
            /// newest messages, which may be 0, and what is said from now on.
            case join(since: Since?, last: UInt64)
            /// Asks for older messages of a room that the client hears: those before a number, or the newest,
            /// and how many at most; 0: as many as a page has.
            case history(before: UInt64?, limit: UInt64)
            /// Ends that.
            case leave
            /// Takes a message back: the one with this number and this id. `reason` is the place of a JSON
            /// string.
            case remove(seq: UInt64, mid: JSONString, reason: Range<Int>?)
            /// Asks for a sign of life.
            case ping
            /// Means nothing in the client's dialect.
            case malformed(MessageFault)
        }

        /// A position at which a client stood. Its epoch and its id are texts, which anything may be in.
        public struct Since: Sendable {
            /// The place of the epoch.
            public let epoch: JSONString
            /// The number.
            public let seq: UInt64
            /// The place of the message's id.
            public let mid: JSONString
        }

        /// The room of a request, and what an answer is to carry, so that the client knows what is
        /// answered.
        public struct About: Sendable {
            /// The name of a room. Nil: the client means the lobby.
            public let room: JSONString?
            /// The place of a string or a number of the client's choice; nil: there is none.
            public let id: Range<Int>?
            /// The number of a message within its login; 0: the client does not number it.
            public let n: UInt64
        }

        /// What the client asks for.
        public let action: Action
        /// The name in the request. Nil: the client means the name that it holds.
        public let name: JSONString?
        /// What else the client says about the request. Nil: nothing, as always in the plain vocabulary.
        public let about: About?

        /// Makes a request.
        public init(_ action: Action, name: JSONString?, about: About? = nil) {
            self.action = action
            self.name = name
            self.about = about
        }
    }
}
