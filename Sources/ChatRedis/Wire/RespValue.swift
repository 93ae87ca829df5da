import ChatCore

/// One value that Redis said, in its protocol's second version (RESP2).
enum RespValue: Equatable, Sendable {
    /// A text of any bytes.
    case bulk([UInt8])
    /// A word such as `OK`.
    case status(String)
    /// A command that failed. That the connection is well is what it proves.
    case error(String)
    case integer(Int64)
    /// Nothing there: the null bulk and the null array alike.
    case null
    case array([RespValue])
}

extension RespValue {
    /// The bytes of a bulk.
    var bytes: [UInt8]? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    /// A bulk as text, or a status; nil also for bytes that are not UTF-8.
    var text: String? {
        switch self {
        case .bulk(let bytes):
            UTF8Validator.isValid(bytes.span.bytes) ? String(decoding: bytes, as: UTF8.self) : nil
        case .status(let text): text
        default: nil
        }
    }

    /// A number, also one that is written as a bulk, as those beyond a script's 53 bits are.
    var number: Int64? {
        switch self {
        case .integer(let number): number
        case .bulk(let bytes): Self.number(bytes) ?? text.flatMap { Int64($0) }
        default: nil
        }
    }

    /// Returns the value of 1 to 18 digits, as nearly all numbers are; nil for anything else.
    private static func number(_ digits: [UInt8]) -> Int64? {
        // A number of 18 digits always fits.
        guard (1...18).contains(digits.count) else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// The elements of an array.
    var elements: [RespValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// What Redis complained about.
    var complaint: String? {
        if case .error(let text) = self { text } else { nil }
    }
}
