import ChatCore

/// A JSON text, read as far as a trial compares it.
enum JSONTree {
    case object([String: JSONTree])
    case string(String)
    /// A number, an array, `true`, `false` or `null`, as it is written.
    case other(String)

    /// Reads a text.
    ///
    /// Fails: nil if it is not JSON.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        let span = bytes.span.bytes
        var scanner = JSONScanner()
        do throws(JSONError) {
            scanner.skipWhitespace(span)
            self = try Self.value(&scanner, span)
            try scanner.end(span)
        } catch {
            return nil
        }
    }

    private static func value(
        _ scanner: inout JSONScanner,
        _ bytes: RawSpan
    ) throws(JSONError) -> JSONTree {
        let start = scanner.position
        switch scanner.peek(bytes) {
        case UInt8(ascii: "\""):
            return .string(try scanner.string(bytes).decoded(in: bytes) ?? "")
        case UInt8(ascii: "{"):
            var members: [String: JSONTree] = [:]
            var more = try scanner.enterObject(bytes)
            while more {
                let key = try scanner.key(bytes).decoded(in: bytes) ?? ""
                members[key] = try value(&scanner, bytes)
                more = try scanner.nextMember(bytes)
            }
            return .object(members)
        default:
            _ = try scanner.value(bytes)
            let text = bytes.extracting(start..<scanner.position)
            return .other(text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
    }

    /// The member of an object that is a string; nil if there is none.
    func text(_ key: String) -> String? {
        guard case .object(let members) = self, case .string(let text)? = members[key] else {
            return nil
        }
        return text
    }

    /// The member of an object that is an integer; nil if there is none.
    func number(_ key: String) -> Int? {
        guard case .object(let members) = self, case .other(let text)? = members[key] else {
            return nil
        }
        return Int(text)
    }

    /// Whether everything in a pattern is here as well. A member that is `null` in the pattern is missing
    /// here.
    func matches(_ pattern: JSONTree) -> Bool {
        switch (self, pattern) {
        case (.object(let members), .object(let wanted)):
            wanted.allSatisfy { key, value in
                if case .other("null") = value { return members[key] == nil }
                return members[key]?.matches(value) ?? false
            }
        case (.string(let text), .string(let wanted)): text == wanted
        case (.other(let text), .other(let wanted)): text == wanted
        default: false
        }
    }
}

extension JSONTree: CustomStringConvertible {
    /// The text, with the members in the order of their keys.
    var description: String {
        switch self {
        case .other(let text): return text
        case .string(let text):
            var bytes: [UInt8] = []
            JSONWriter.append(text, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        case .object(let members):
            let parts = members.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
            return "{" + parts.joined(separator: ",") + "}"
        }
    }
}
