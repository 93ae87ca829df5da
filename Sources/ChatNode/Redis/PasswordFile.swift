import ChatCore
@preconcurrency import Dispatch
import Glibc
import Logging
import NIOCore
import Synchronization

/// The file that Redis's password stands in, read again for each connection: a password that is changed
/// there and in Redis needs no restart.
///
/// Read on a thread of its own, because the disk may be a network's. Where it cannot be read, or says
/// nothing, the password that it had last is good, and that is logged.
/// On: any thread.
final class PasswordFile: Sendable {
    private struct State {
        var password: Secret
        /// Those who wait for the reading that goes on; nil where none does.
        var waiting: [@Sendable (Secret) -> Void]?
        /// What has been logged.
        var complaint: String?
    }

    private let path: String
    private let log: Logger
    private let thread = DispatchQueue(label: "chatnode.password-file")
    private let state: Mutex<State>

    /// A file that has been read before.
    init(path: String, password: Secret, log: Logger) {
        self.path = path
        self.log = log
        state = Mutex(State(password: password))
    }

    /// What the file has now; what it had last where that takes longer than
    /// `Limits.passwordFileTimeout`.
    ///
    /// On: the loop.
    func password(on loop: any EventLoop) -> EventLoopFuture<Secret> {
        let promise = loop.makePromise(of: Secret.self)
        let patience = TimeAmount.nanoseconds(Limits.passwordFileTimeout.inNanoseconds)
        let late = loop.scheduleTask(in: patience) {
            promise.succeed(self.state.withLock { $0.password })
        }
        read { password in
            loop.execute {
                late.cancel()
                promise.succeed(password)
            }
        }
        return promise.futureResult
    }

    /// Reads it, together with everybody who asks meanwhile.
    func read(then: @escaping @Sendable (Secret) -> Void) {
        let begins = state.withLock { state in
            guard state.waiting == nil else {
                state.waiting?.append(then)
                return false
            }
            state.waiting = [then]
            return true
        }
        guard begins else { return }
        thread.async { [self] in
            let found = Self.find(at: path)
            let (password, waiting) = state.withLock { state in
                if case .success(let password) = found { state.password = password }
                defer { state.waiting = nil }
                return (state.password, state.waiting ?? [])
            }
            tell(found)
            for then in waiting { then(password) }
        }
    }

    /// The password in a file's text: its first line, which must not be empty.
    static func password(in text: String) -> Secret? {
        let line = text.prefix { !$0.isNewline }
        return line.isEmpty ? nil : Secret(text: String(line))
    }

    private static func find(at path: String) -> Result<Secret, FileReadError> {
        // Whoever opens a pipe waits until somebody writes into it.
        guard isFile(path) else { return .failure(FileReadError(reason: "it is no file any more")) }
        do throws(FileReadError) {
            guard let password = password(in: try readTextFile(path)) else {
                return .failure(FileReadError(reason: "its first line is empty"))
            }
            return .success(password)
        } catch {
            return .failure(error)
        }
    }

    /// Whether there is a file, which can be read again. A pipe, such as a shell's `<(…)`, says
    /// what it says once.
    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Once for each kind of trouble, and when it is over.
    private func tell(_ found: Result<Secret, FileReadError>) {
        let complaint: String? =
            if case .failure(let error) = found { error.reason } else { nil }
        let isNew = state.withLock { state in
            defer { state.complaint = complaint }
            return state.complaint != complaint
        }
        guard isNew else { return }
        let fields: Logger.Metadata = ["path": "\(path)"]
        guard let complaint else {
            return log.info("the password file is read again", metadata: fields)
        }
        log.warning(
            "cannot read the password file; the last password is used",
            metadata: fields.merging(["reason": "\(complaint)"]) { $1 }
        )
    }
}
