/// What a session wants done. Carried out in order by whoever owns it.
public enum Effect: Sendable {
    /// Tell the client, and nobody else. Goes nowhere once the socket is closed.
    case send(ServerMessage)
    /// Ask for a name. Answered to the session by `claimed`.
    case claim(Username)
    /// Give a name up that is held. Answered by `released`.
    case release(Username)
    /// Put a message on its way. Answered by `settled`, once for each message.
    case publish(Draft)
    /// Close the socket, with a reason for people.
    case close(CloseCode, reason: String)
    /// The session is over: nothing of it is left anywhere.
    case finished
}
