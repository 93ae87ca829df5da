import ChatSupport
import Glibc

/// Shows a person how far a run is; shows nothing without a terminal.
///
/// On: the task that runs the command.
struct ProgressBar {
    private static let width = 30
    private let isShown = isatty(STDERR_FILENO) == 1

    func show(_ what: String, _ share: Double) {
        guard isShown else { return }
        let filled = Int(min(1, max(0, share)) * Double(Self.width))
        let bar = String(repeating: "#", count: filled)
        let rest = String(repeating: "-", count: Self.width - filled)
        write("\r\u{1B}[K[\(bar)\(rest)] \(what)")
    }

    func clear() {
        if isShown { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        LineQueue.standardError.append(Array(text.utf8))
    }
}
