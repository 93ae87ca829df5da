import Glibc
import Logging

/// The program's log: lines on the standard error output, for people on a terminal and JSON
/// otherwise. Nothing a user typed can break a line or reach the terminal as it is.
enum Log {
    /// How lines are written.
    enum Style: Equatable, Sendable {
        /// The offset in seconds ahead of UTC.
        case text(colour: Bool, utcOffset: Int)
        case json
    }

    /// Sends everything that is logged from now on through here.
    ///
    /// On: the main thread, once, before the first logger is made.
    static func bootstrap(
        level: Logger.Level,
        format: LogFormat,
        environment: [String: String]
    ) {
        let style = style(
            format,
            onTerminal: isatty(STDERR_FILENO) == 1,
            environment: environment
        )
        LoggingSystem.bootstrap(
            { label, provider in
                var handler = LineLogHandler(label: label, style: style, level: level)
                handler.metadataProvider = provider
                return handler
            },
            metadataProvider: nil
        )
    }

    /// Colours only on a terminal, and not where `NO_COLOR` is set (no-color.org).
    static func style(
        _ format: LogFormat,
        onTerminal: Bool,
        environment: [String: String],
        utcOffset: Int = WallTime.utcOffset()
    ) -> Style {
        guard format == .text || (format == .auto && onTerminal) else { return .json }
        let colour = onTerminal && (environment["NO_COLOR"] ?? "").isEmpty
        return .text(colour: colour, utcOffset: utcOffset)
    }
}

/// Writes each event as one line with one `write(2)`.
///
/// On: any thread. No lock is held: the kernel keeps lines of this length apart.
/// Cost: one system call, which waits where the reader of a full pipe does not read.
/// Fails: silently; a line that cannot be written has nowhere else to go.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level

    private let label: String
    private let style: Log.Style
    private let descriptor: Int32
    private let now: @Sendable () -> WallTime

    init(
        label: String,
        style: Log.Style,
        level: Logger.Level,
        descriptor: Int32 = STDERR_FILENO,
        now: @escaping @Sendable () -> WallTime = WallTime.now
    ) {
        self.label = label
        self.style = style
        self.descriptor = descriptor
        self.now = now
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let record = LogLine.Record(
            time: now(),
            level: event.level,
            logger: label,
            message: "\(event.message)",
            fields: fields(of: event)
        )
        switch style {
        case .json: write(LogLine.json(record))
        case .text(let colour, let utcOffset):
            write(LogLine.text(record, colour: colour, utcOffset: utcOffset))
        }
    }

    /// The event's own win over the provider's, and those over the logger's.
    private func fields(of event: LogEvent) -> Logger.Metadata {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        if let own = event.metadata { fields.merge(own) { $1 } }
        return fields
    }

    /// A pipe takes a line whole or not at all; the rest of a line is written only where a signal
    /// or a nearly full disk has cut it short.
    private func write(_ line: [UInt8]) {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                    rest.count
                )
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
