extension Session {
    /// An action for the session's owner to carry out, in order.
    public enum Effect: Sendable {
        /// Tell the client, in its dialect; ignored once the socket is closed. Layout: stored
        /// indirectly, because it is long and rare, and each message is one of these effects.
        indirect case tell(Event)
        /// Ask for a name. The session is answered by `claimed`.
        case claim(Username)
        /// Ask for a name for a login that can be taken over later. `proof` is an earlier login of the same
        /// user, if there is one. The session is answered by `claimed`.
        indirect case claimResumable(Username, proof: LoginID?)
        /// Give up the claim if it has not been sent yet: the socket is closed, and nothing waits for
        /// the name. The session is answered by `claimed`, now or when the broker has answered.
        case cancelClaim
        /// Give up a name that is held, or let it linger. The session is answered by `released`.
        case release(Username, Release.Action)
        /// Send a message to the broker. The session is answered by `settled`, once for each
        /// message.
        case publish(Draft)
        /// Have this node hear a room, if it does already or the client may begin another one. The session is
        /// answered by `entered`, `notEntered` or `notBegun`, unless it leaves the room before.
        case enter(RoomName, mayBegin: Bool)
        /// Have the client hear a room that this node hears; or find out where it stands there, if it
        /// hears it already. The session is answered by `heard`, and by `synced` when everything up to
        /// then has been sent.
        indirect case hear(RoomName, from: Start)
        /// Read older messages of a room that the client hears, and tell it. `historyFailed` answers if that
        /// is not possible at present; `Subject` is what it is then told about.
        indirect case readHistory(RoomName, HistoryRange, Subject)
        /// Tell the members of a room that a user writes: they may miss it.
        indirect case typing(RoomName, String)
        /// End the client's hearing of a room, or the wish for it.
        case leave(RoomName)
        /// Close the socket with a code and a reason for people.
        case close(CloseCode, reason: StaticString)
        /// Remove the session: nothing of it is needed any more.
        case finished
    }
}
