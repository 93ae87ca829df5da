/// Older messages of rooms.
extension Session {
    /// Asks for older messages. Returns false if it has to wait until the node hears the room.
    mutating func readHistory(
        _ before: UInt64?,
        _ limit: UInt64,
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Bool {
        guard let name = room(of: request, text, &effects) else { return true }
        guard let room = conversation?.rooms.first(where: { $0.name == name }) else {
            refuse(.notInRoom, request, text, &effects)
            return true
        }
        guard room.isHeard else { return false }
        let most = Limits.historyPageMessages
        let range = HistoryRange(
            before: before ?? .max,
            limit: limit == 0 ? most : Int(min(limit, UInt64(most)))
        )
        let about = Subject(room: name.text, id: request.id(in: text))
        effects.append(.readHistory(name, range, about))
        return true
    }

    /// Takes that older messages cannot be read at present.
    public mutating func historyFailed(
        _ why: Refusal,
        about subject: Subject,
        into effects: inout [Effect]
    ) {
        effects.append(.tell(.refused(why, name: name.held?.display, about: subject)))
    }

    /// Older messages that a client asks for: the newest of those before a number.
    public struct HistoryRange: Sendable, Hashable {
        /// The number before which they are.
        public let before: UInt64
        /// How many at most.
        public let limit: Int
    }
}

extension Session.Request {
    /// Whether the request may have the node hear another room, or read a room's log.
    var isLookUp: Bool {
        switch action {
        case .join, .history: true
        default: false
        }
    }
}
