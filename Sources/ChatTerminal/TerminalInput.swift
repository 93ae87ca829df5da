@preconcurrency import Dispatch
import Glibc
import Synchronization

/// The standard input of the command, read when it is asked for.
final class TerminalInput: Sendable {
    private let thread = DispatchQueue(label: "chatnode.terminal.input")

    /// Whether a person sits at both ends.
    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    private typealias Waiting = CheckedContinuation<[UInt8]?, Never>
    private let waiting = Mutex<Waiting?>(nil)

    /// Returns the next bytes; nil at the end, and if the task is cancelled. What is read after that is lost.
    func next() async -> [UInt8]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiting) in
                waiting.withLock { $0 = continuation }
                if Task.isCancelled { return resume(nil) }
                thread.async { self.resume(Self.read()) }
            }
        } onCancel: {
            resume(nil)
        }
    }

    private func resume(_ bytes: [UInt8]?) {
        waiting.withLock { $0.take() }?.resume(returning: bytes)
    }

    private static func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(bytes[..<count]) : nil
        }
    }

    /// What the terminal is set to, for `restore`; nil if there is none.
    static var settings: termios? {
        var settings = termios()
        return tcgetattr(STDIN_FILENO, &settings) == 0 ? settings : nil
    }

    /// Has the terminal hand over each key as it is pressed, without showing it. If signals are kept, Ctrl-C and
    /// the like still send theirs.
    static func takeKeys(areSignalsKept: Bool = false) {
        guard var settings else { return }
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        if !areSignalsKept { settings.c_lflag &= ~tcflag_t(ISIG) }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }

    /// Sets the terminal to what it was before.
    static func restore(_ settings: termios?) {
        guard var settings else { return }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
}

/// Cuts bytes into lines.
struct LineCutter {
    private var rest: [UInt8] = []

    /// Takes bytes, and returns the lines that they complete.
    mutating func take(_ bytes: [UInt8]) -> [String] {
        rest += bytes
        var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        rest = Array(lines.removeLast())
        return lines.map { line in
            String(
                decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line,
                as: UTF8.self
            )
        }
    }

    /// Returns what is left at the end of the input.
    mutating func end() -> [String] { take([UInt8(ascii: "\n")]).filter { !$0.isEmpty } }
}
