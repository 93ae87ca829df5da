import ChatCore
import ChatSupport
@preconcurrency import Dispatch
import Glibc
package import Logging
import NIOCore
import Synchronization

/// The file that contains Redis's password. It is read again for each new connection, so a password
/// can be changed in the file and in Redis without restarting the node.
///
/// The file is read on a thread of its own, because a network file system may be slow. If it cannot be
/// read, or contains no password, the last password is used, and a warning is logged.
/// On: any thread.
package final class PasswordFile: Sendable {
    private struct State {
        var password: Secret
        /// The callbacks of the present reading; nil if the file is not being read.
        var waiting: [@Sendable (Secret) -> Void]?
        /// Why the file could not be read, as it was logged; nil if the last reading succeeded.
        var complaint: String?
    }

    private let path: String
    private let log: Logger
    private let thread = DispatchQueue(label: "chatnode.password-file")
    private let state: Mutex<State>

    /// Makes a file whose password has been read already.
    package init(path: String, password: Secret, log: Logger) {
        self.path = path
        self.log = log
        state = Mutex(State(password: password))
    }

    /// Reads the file and returns its password. If that takes longer than
    /// `Limits.passwordFileTimeout`, returns the last password.
    ///
    /// On: the loop that is passed in.
    /// Fails: if the loop ends before.
    func password(on loop: any EventLoop) -> EventLoopFuture<Secret> {
        let patience = TimeAmount.nanoseconds(Limits.passwordFileTimeout.inNanoseconds)
        // A loop that ends completes its tasks. A promise that the file's thread is to keep would be dropped.
        let late = loop.scheduleTask(in: patience) {}
        let isOver = Mutex(false)
        late.futureResult.whenComplete { _ in isOver.withLock { $0 = true } }
        read { _ in
            // Not on a loop that has ended.
            isOver.withLock { if !$0 { loop.execute { late.cancel() } } }
        }
        return late.futureResult
            .flatMapErrorThrowing { error in
                guard error as? EventLoopError == .cancelled else { throw error }
            }
            .map { self.state.withLock { $0.password } }
    }

    /// Reads the file and calls `then` with the password. If the file is being read already, `then` is
    /// called when that is done, and the file is not read a second time.
    ///
    /// On: any thread; `then` is called on the file's own.
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

    /// Returns the password in a file's text: its first line; nil if that is empty.
    package static func password(in text: String) -> Secret? {
        let line = text.prefix { !$0.isNewline }
        return line.isEmpty ? nil : Secret(text: String(line))
    }

    private static func find(at path: String) -> Result<Secret, FileReadError> {
        // To open a pipe would block this thread until another process writes into it.
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

    /// Returns whether there is a regular file at the path, which can be read more than once. A pipe,
    /// such as a shell's `<(…)`, can be read only once.
    package static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Logs why the file could not be read, once for each reason, and that it can be read again.
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
