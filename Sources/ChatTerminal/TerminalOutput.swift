import ChatCore
@preconcurrency import Dispatch
import Glibc

/// The standard output of the command: lines, and below them, on a terminal, what is being entered.
///
/// A call returns when the line is written, so that a slow reader of a pipe slows the client and loses nothing.
actor TerminalOutput {
    /// The prompt and what has been entered; nil without a terminal.
    private var entry: (prompt: String, text: LineEditor)?
    private let thread = DispatchQueue(label: "chatnode.terminal.output")
    /// Ends when nothing takes the output any more, such as `head` after its last line.
    nonisolated let taken: AsyncStream<Never>
    private let end: AsyncStream<Never>.Continuation

    init(prompt: String?) {
        entry = prompt.map { ($0, LineEditor()) }
        (taken, end) = AsyncStream.makeStream(of: Never.self)
    }

    /// Shows a line above the one that is being entered.
    func show(_ line: String) async {
        guard entry != nil else { return await write(line + "\n") }
        let shown = line.replacing("\n", with: "\r\n")
        await write("\r\u{1B}[J" + shown + "\r\n" + entryLine)
    }

    /// Takes bytes from the terminal, and shows the line as it is then.
    func enter(_ bytes: [UInt8]) async -> [LineEditor.Action] {
        let actions = entry?.text.take(bytes) ?? []
        await write("\r\u{1B}[J" + entryLine)
        return actions
    }

    /// Shows another prompt from now on.
    func setPrompt(_ prompt: String) async {
        guard entry != nil else { return }
        entry?.prompt = prompt
        await write("\r\u{1B}[J" + entryLine)
    }

    /// Takes the prompt away.
    func end() async {
        guard entry != nil else { return }
        entry = nil
        await write("\r\u{1B}[J")
    }

    private var entryLine: String {
        guard let entry else { return "" }
        return entry.prompt + entry.text.tail(columns: max(8, columns - entry.prompt.count - 1))
    }

    private var columns: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private func write(_ text: String) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            thread.async { [end] in
                if !Self.write(Array(text.utf8), to: STDOUT_FILENO) { end.finish() }
                continuation.resume()
            }
        }
    }

    /// Writes all bytes, however slowly they are taken. Returns false if nothing takes them.
    static func write(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Another program that has the same terminal or pipe has set it so.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
