import NIOCore

/// The user and the password with which a node logs in to Redis.
package struct RedisCredentials: Sendable {
    /// A user of Redis's access control list; nil for the user `default`.
    package var user: String?
    /// Nil if none is needed.
    package var password: Secret?
    /// The file that the password is read from for each connection; nil if the password never changes.
    package var file: PasswordFile?

    package init(user: String? = nil, password: Secret? = nil, file: PasswordFile? = nil) {
        self.user = user
        self.password = password
        self.file = file
    }

    /// No user and no password.
    package static let none = RedisCredentials()

    /// The command that logs in; nil if none is needed.
    var command: [String]? {
        guard user != nil || password != nil else { return nil }
        // A user who needs no password is let in with any.
        return ["AUTH"] + (user.map { [$0] } ?? []) + [password?.text ?? ""]
    }
}

extension RedisCredentials {
    /// Calls `then` with the same credentials and the password that the file has now.
    ///
    /// On: the loop; `then` too. If there is a file, `then` is called after this has returned, and not at all if
    /// the loop ends before.
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
    package static func == (one: RedisCredentials, other: RedisCredentials) -> Bool {
        one.user == other.user && one.password == other.password && one.file === other.file
    }
}

/// A text that must not be seen: it does not appear in what is printed, logged or dumped.
package struct Secret: Equatable, Sendable {
    package let text: String

    package init(text: String) {
        self.text = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(hidden)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
