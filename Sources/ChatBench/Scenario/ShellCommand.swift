import ChatSupport
import Glibc

/// A command of the user's that a run starts at a moment of its own.
enum ShellCommand {
    /// Starts a command with the system's shell, without waiting for its end. What it prints goes to the
    /// error output, because the other one is the report's; it gets none of this process's connections.
    ///
    /// Fails: returns the reason.
    static func start(_ command: String) -> String? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        keepDescriptors()
        let text: [String] = ["sh", "-c", command]
        let words = text.map { strdup($0) }
        defer { for word in words { free(word) } }
        var pid = pid_t()
        let result = posix_spawn(&pid, "/bin/sh", &actions, nil, words + [nil], environ)
        return result == 0 ? nil : String(cString: strerror(result))
    }

    /// Has the descriptors that are open now closed in programs that this process starts: SwiftNIO's clients
    /// are not (2.101.2), and a connection that another process has too does not end.
    private static func keepDescriptors() {
        for descriptor in (STDERR_FILENO + 1)..<CInt(clamping: Descriptors.limit.now) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}
