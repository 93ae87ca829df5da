import Glibc

/// The client that is tested: a command of its author's, with a line in for each request of the application,
/// and a line out for what the application sees.
final class Adapter {
    let input: Descriptor
    let output: Descriptor
    private let pid: pid_t
    private var unfinished: [UInt8] = []
    private(set) var hasEnded = false

    /// Starts the command with the system's shell, as the leader of a process group.
    init(_ command: String) throws {
        let (downwards, upwards) = (try Descriptor.pipe(), try Descriptor.pipe())
        input = downwards.writing
        output = upwards.reading
        _ = fcntl(output.number, F_SETFL, O_NONBLOCK)
        pid = try Descriptor.alone {
            try Self.spawn(command, downwards.reading, upwards.writing)
        }
    }

    private static func spawn(
        _ command: String,
        _ input: Descriptor,
        _ output: Descriptor
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.number, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.number, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let text: [String] = ["sh", "-c", command]
        let words = text.map { strdup($0) }
        defer { for word in words { free(word) } }
        var pid = pid_t()
        let result = posix_spawn(&pid, "/bin/sh", &actions, &attributes, words + [nil], environ)
        guard result == 0 else {
            throw PlayError("cannot start \(command): \(String(cString: strerror(result)))")
        }
        return pid
    }

    /// Ends the command and all that it has started.
    func end() {
        kill(-pid, SIGKILL)
        var status: CInt = 0
        waitpid(pid, &status, 0)
    }

    /// Sends a line.
    func ask(_ line: String) throws {
        let bytes = Array((line + "\n").utf8)
        guard input.write(bytes[...]) == bytes.count else {
            throw PlayError("the adapter takes no line")
        }
    }

    /// Returns the lines that are complete by now.
    func takeLines() -> [String] {
        while !hasEnded, let bytes = output.read() {
            hasEnded = bytes.isEmpty
            unfinished += bytes
        }
        var lines: [String] = []
        while let end = unfinished.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: unfinished[..<end], as: UTF8.self))
            unfinished.removeSubrange(...end)
        }
        return lines
    }
}
