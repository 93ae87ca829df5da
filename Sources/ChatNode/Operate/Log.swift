import ChatSupport
import Glibc
import Logging

/// The program's log: lines on the standard error output, for people on a terminal and JSON
/// otherwise. Nothing that a user typed can break a line or reach the terminal unescaped.
enum Log {
    /// The format of lines.
    enum Style: Equatable, Sendable {
        /// Lines for people; the offset is in seconds ahead of UTC.
        case text(colour: Bool, utcOffset: Int)
        case json

        /// Formats an event as a line, its line feed included.
        func line(_ record: LogLine.Record) -> [UInt8] {
            switch self {
            case .json: LogLine.json(record)
            case .text(let colour, let utcOffset):
                LogLine.text(record, colour: colour, utcOffset: utcOffset)
            }
        }
    }

    /// Directs everything that is logged from now on to `LineLogHandler`.
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
        let lines = LineQueue.standardError
        lines.tellDropped { count in
            style.line(
                LogLine.Record(
                    time: .now(),
                    level: .warning,
                    logger: "chatnode",
                    message: "lines of the log were dropped, because nobody read it",
                    fields: ["lines": .stringConvertible(count)]
                )
            )
        }
        LoggingSystem.bootstrap(
            { label, provider in
                var handler = LineLogHandler(label: label, style: style, level: level) {
                    lines.append($0)
                }
                handler.metadataProvider = provider
                return handler
            },
            metadataProvider: nil
        )
    }

    /// Chooses the format. There are colours only on a terminal, and not if `NO_COLOR` is set
    /// (no-color.org).
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

/// Makes each event one line, and hands that on to be written.
///
/// On: any thread. Never waits for the reader of the log.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level

    private let label: String
    private let style: Log.Style
    private let write: @Sendable ([UInt8]) -> Void
    private let now: @Sendable () -> WallTime

    init(
        label: String,
        style: Log.Style,
        level: Logger.Level,
        now: @escaping @Sendable () -> WallTime = WallTime.now,
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.label = label
        self.style = style
        self.now = now
        self.write = write
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
        write(style.line(record))
    }

    /// Merges the fields: the event's own win over the provider's, and those over the logger's.
    private func fields(of event: LogEvent) -> Logger.Metadata {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        if let own = event.metadata { fields.merge(own) { $1 } }
        return fields
    }
}
