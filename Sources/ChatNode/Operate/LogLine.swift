import ChatSupport
import Logging

/// One line of the log, as bytes, without the line feed until it is finished.
///
/// A line is at most `capacity` bytes, so that a pipe takes it whole: POSIX promises that writes of
/// up to `PIPE_BUF` (4,096 on Linux) are not mixed with those of others. Long values are cut and
/// whole fields left out; a line says so.
struct LogLine {
    /// `PIPE_BUF` on Linux.
    static let capacity = 4096
    /// The most bytes of one text in a line, before escaping; there is room for several.
    static let textBytes = 1024

    private(set) var bytes: [UInt8] = []

    /// The content of a line, already collected from its several sources.
    struct Record {
        var time: WallTime
        var level: Logger.Level
        var logger: String
        var message: String
        var fields: Logger.Metadata
    }

    /// Formats a line for tools: one JSON object.
    static func json(_ record: Record) -> [UInt8] {
        var head = JSONText()
        head.raw("{\"time\":")
        head.string(record.time.rfc3339)
        head.raw(",\"level\":\"\(record.level)\",\"logger\":")
        head.string(record.logger)
        head.raw(",\"message\":")
        head.string(record.message)
        var line = LogLine(bytes: head.bytes)
        let taken = ["time", "level", "logger", "message", "cut"]
        line.append(record.fields, closing: #","cut":true}"#, complete: "}") { key, value in
            var field = JSONText()
            field.raw(",")
            field.string(taken.contains(key) ? "\(key)_" : key)
            field.raw(":")
            field.value(value)
            return field.bytes
        }
        return line.bytes
    }

    /// Formats a line for people: time, level, message, then `key=value`.
    static func text(_ record: Record, colour: Bool, utcOffset: Int) -> [UInt8] {
        let level = "\(record.level)".uppercased()
        let padding = String(repeating: " ", count: max(0, 7 - level.utf8.count))
        let paint = colour ? record.level.colour : nil
        let painted = paint.map { "\u{1B}[\($0)m\(level)\u{1B}[0m" } ?? level
        var line = LogLine()
        line.bytes += record.time.clock(utcOffset: utcOffset).utf8
        line.bytes += " \(painted)\(padding) \(record.message.cut.printable.cut)".utf8
        line.append(record.fields, closing: " …", complete: "") { key, value in
            Array(" \(key.cut.printable.cut)=\(value.plain.quotedWhereNeeded)".utf8)
        }
        return line.bytes
    }

    /// Adds fields in the order of their names as long as there is room, then the end.
    private mutating func append(
        _ fields: Logger.Metadata,
        closing: String,
        complete: String,
        render: (String, Logger.MetadataValue) -> [UInt8]
    ) {
        var end = complete
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            let field = render(key, value)
            if bytes.count + field.count + closing.utf8.count + 1 <= Self.capacity {
                bytes += field
            } else {
                end = closing
            }
        }
        bytes += end.utf8
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension Logger.Level {
    /// The level's ECMA-48 colour; nil for a level that is neither highlighted nor dimmed.
    fileprivate var colour: Int? {
        switch self {
        case .trace, .debug: 90
        case .info, .notice: nil
        case .warning: 33
        case .error, .critical: 31
        }
    }
}

extension Logger.MetadataValue {
    /// The value as a person would write it, before escaping.
    fileprivate var plain: String {
        switch self {
        case .string(let text): text
        case .stringConvertible(let value): "\(value)"
        case .array(let values): "[\(values.map(\.plain).joined(separator: ", "))]"
        case .dictionary(let fields):
            "{\(fields.sorted { $0.key < $1.key }.map { "\($0): \($1.plain)" }.joined(separator: ", "))}"
        }
    }
}

extension String {
    /// The string, cut to the most that a text in a line may have.
    fileprivate var cut: String {
        guard utf8.count > LogLine.textBytes else { return self }
        var end = utf8.index(startIndex, offsetBy: LogLine.textBytes)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }

    /// The text, in quotes if it could be taken for more than one value.
    fileprivate var quotedWhereNeeded: String {
        let text = cut.printable.cut
        guard text.isEmpty || text.contains(where: { " =\"".contains($0) }) else { return text }
        return "\"" + text.map { $0 == "\"" ? "\\\"" : String($0) }.joined() + "\""
    }
}
