/// Why a call of the client failed.
public enum ChatClientError: Error, Hashable, Sendable {
    /// The client has ended for good, or could not connect at first.
    case ended(ConnectionEnd)
    /// The application has closed the client.
    case closed
    /// The server refused the name, as `taken`, `invalid`, `forbidden` or `unavailable`, with a
    /// sentence.
    case loginFailed(reason: String, message: String)
    /// The call needs a login, and none is wanted.
    case notLoggedIn
    /// The client has a name, or waits for one: it logs out before it takes another one.
    case hasName
    /// The client is in the room already.
    case alreadyJoined
    /// The client is not in the room, or has left it.
    case notJoined
    /// `Limits.clientOutboxMessages` messages wait already.
    case outboxFull
    /// The message, its reason or the login has more bytes than a node takes.
    case tooLong(limit: Int)
    /// The node refuses the request, with a code for programs and a sentence for people.
    case refused(code: String, message: String)
    /// No answer came in this time.
    case noAnswer(within: Duration)
    /// The message was sent, and whether it was accepted cannot be known any more: it may be heard, now or
    /// later. Sending it again may say it twice.
    case unknownOutcome
    /// The task was cancelled before the message was sent: no client will hear it.
    case cancelled
}
