import ChatSupport
import Logging

/// JSON as it is put into a log line: ASCII controls are escaped as RFC 8259 section 7 demands, and
/// so is everything else that `Printable` escapes, so that the raw lines are safe on a terminal
/// too.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    /// Adds JSON that is already written.
    mutating func raw(_ json: String) {
        bytes += json.utf8
    }

    /// Adds a string with its quotes, cut if it is too long for a line.
    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        let end = bytes.count + LogLine.textBytes
        for scalar in text.unicodeScalars {
            guard bytes.count < end else {
                raw("…")
                break
            }
            append(scalar)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Adds a value of a log line's metadata, with its structure.
    mutating func value(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): string(text)
        case .stringConvertible(let value): convertible(value)
        case .array(let values):
            raw("[")
            for (index, value) in values.enumerated() {
                if index > 0 { raw(",") }
                self.value(value)
            }
            raw("]")
        case .dictionary(let fields):
            raw("{")
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { raw(",") }
                string(field.key)
                raw(":")
                self.value(field.value)
            }
            raw("}")
        }
    }

    /// Adds numbers and truth values as such, so that a tool can add and compare them.
    private mutating func convertible(_ value: any CustomStringConvertible & Sendable) {
        switch value {
        case let number as any FixedWidthInteger: raw("\(number)")
        case let number as Double where number.isFinite: raw("\(number)")
        case let truth as Bool: raw("\(truth)")
        default: string("\(value)")
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": raw("\\\"")
        case "\\": raw("\\\\")
        case "\n": raw("\\n")
        case "\r": raw("\\r")
        case "\t": raw("\\t")
        case _ where scalar.isUnprintable: escape(scalar)
        default: bytes += UTF8.encode(scalar).map { Array($0) } ?? []
        }
    }

    /// Adds `\uXXXX`, twice if UTF-16 needs two units.
    private mutating func escape(_ scalar: Unicode.Scalar) {
        for unit in UTF16.encode(scalar) ?? .init() {
            let digits = String(unit, radix: 16)
            raw("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)")
        }
    }
}
