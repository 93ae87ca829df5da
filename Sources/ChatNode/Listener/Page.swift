import CEmbedded
import NIOCore

/// The web page, which is part of the program.
enum Page {
    /// The page's bytes; copies share them.
    static let content = ByteBuffer(
        bytes: UnsafeRawBufferPointer(start: embedded_page().bytes, count: embedded_page().length)
    )

    static let headers: [(name: String, value: String)] = [
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-cache"),
    ]

    /// The page's own policy, which names its style and its script by their hashes; and what only a
    /// header can say, that nobody may put the page in a frame.
    private static let policy: String = {
        let text = String(buffer: content)
        let opening = #"http-equiv="Content-Security-Policy" content=""#
        guard let start = text.firstRange(of: opening)?.upperBound,
            let end = text[start...].firstIndex(of: "\"")
        else { preconditionFailure("the page has no policy") }
        return text[start..<end] + "; frame-ancestors 'none'"
    }()
}
