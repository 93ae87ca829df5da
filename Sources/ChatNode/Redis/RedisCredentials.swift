/// Who a node is to Redis.
struct RedisCredentials: Equatable, Sendable {
    /// Of Redis's access control list; nil is the user `default`.
    var user: String?
    /// Nil: none is needed.
    var password: Secret?

    /// Nobody in particular.
    static let none = RedisCredentials()

    /// What is said first on a connection; nil where nothing has to be said.
    var command: [String]? {
        guard user != nil || password != nil else { return nil }
        // A user who needs no password is let in with any.
        return ["AUTH"] + (user.map { [$0] } ?? []) + [password?.text ?? ""]
    }
}

/// A text that must not be seen: it does not appear in what is printed, logged or dumped.
struct Secret: Equatable, Sendable {
    let text: String
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "(hidden)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
