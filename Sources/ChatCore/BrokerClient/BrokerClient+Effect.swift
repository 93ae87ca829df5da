extension BrokerClient {
    /// An action for the owner to carry out, in order.
    public enum Effect: Sendable {
        /// Send this call to the broker.
        case call(BrokerCall)
        /// Hand this to the session of a socket.
        case tell(SocketID, SessionAnswer)
        /// Tell the operator what became of the removal with this number.
        case moderated(Int, Moderation)
        /// Ask for a new look at the node's registration, which is then announced again.
        case recheckRegistration
        /// Ask for a room to be caught up with, and announced open again.
        case recheckRoom(RoomName)
        /// Ask for a room to be heard by this loop.
        case enterRoom(RoomName)
        /// End this loop's interest in a room.
        case leaveRoom(RoomName)
    }

    /// The meaning of the broker's answers, or of their absence, for one session.
    public enum SessionAnswer: Sendable {
        /// The outcome of its claim.
        case claimed(ClaimOutcome)
        /// The name that it gave up is no longer its own.
        case released
        /// The fate of successive messages of the session. If they were accepted, the settlement has
        /// the place of the first one, and the others follow it.
        case settled(Settlement, of: DraftSpan)
        /// This node hears a room. It is new if the session had to wait for it and it has no message yet.
        case entered(RoomName, birth: MessageID?)
        /// This node does not hear a room, and the session may not have it begin to.
        case notBegun(RoomName)
        /// This node cannot hear a room at present; `reason` is for people.
        case notEntered(RoomName, reason: String)
        /// Whether its messages cannot be settled before the broker is back.
        case stalled(Bool)
        /// Its name has passed on: to a newer login of the same user, or to another user's.
        case nameLost(Username, isReplaced: Bool)
    }
}
