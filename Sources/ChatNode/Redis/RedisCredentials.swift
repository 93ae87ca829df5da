import NIOCore

/// Who a node is to Redis.
struct RedisCredentials: Sendable {
    /// Of Redis's access control list; nil is the user `default`.
    var user: String?
    /// Nil: none is needed.
    var password: Secret?
    /// Where the password is found anew for each connection; nil where it stays as it is.
    var file: PasswordFile?

    /// Nobody in particular.
    static let none = RedisCredentials()

    /// What is said first on a connection; nil where nothing has to be said.
    var command: [String]? {
        guard user != nil || password != nil else { return nil }
        // A user who needs no password is let in with any.
        return ["AUTH"] + (user.map { [$0] } ?? []) + [password?.text ?? ""]
    }
}

extension RedisCredentials {
    /// The same with the password that the file has by now.
    ///
    /// On: the loop; `then` too, not before this returns where there is a file.
    func renewed(on loop: any EventLoop, then: @escaping (RedisCredentials) -> Void) {
        guard let file else { return then(self) }
        file.password(on: loop).assumeIsolated().whenSuccess { password in
            var renewed = self
            renewed.password = password
            then(renewed)
        }
    }
}

extension RedisCredentials: Equatable {
    static func == (one: RedisCredentials, other: RedisCredentials) -> Bool {
        one.user == other.user && one.password == other.password && one.file === other.file
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
