/// What went wrong, for programs: the `code` of an `error`.
public enum ErrorCode: String, Sendable, CaseIterable {
    /// The type is none of those known, or there is none.
    case unknownType = "unknown_type"
    /// Not JSON, or nested too deeply.
    case badJSON = "bad_json"
    /// JSON, but not a message: no object, a field of the wrong type, missing or given twice.
    case badMessage = "bad_message"
    /// A room's name that is none.
    case badName = "bad_name"
    /// Needs a login.
    case notLoggedIn = "not_logged_in"
    /// Speaks for a name that this socket does not hold.
    case wrongUsername = "wrong_username"
    /// A field is too long, or there are too many of something.
    case tooLong = "too_long"
    /// Too many messages or bytes in too short a time.
    case rateLimited = "rate_limited"
    /// Cannot be done at present; waiting helps.
    case unavailable
    /// Needs a join of that room.
    case notInRoom = "not_in_room"
    /// Came behind a numbered message that was refused, and is to be sent again.
    case resend
    /// Not allowed to this user.
    case forbidden
}
