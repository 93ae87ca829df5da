@testable import ChatCore

extension Session.Request {
    /// Returns the case of the action, and each value in the request with its path: texts as they are
    /// decoded, ranges as they were written. Found by reflection, so that a value of a later version shows
    /// without a line here.
    func described(in text: [UInt8]) -> String {
        var words: [String] = []
        Self.describe(self, "", text, &words)
        return words.joined(separator: " ")
    }

    private static func describe(
        _ value: Any,
        _ path: String,
        _ text: [UInt8],
        _ words: inout [String]
    ) {
        let mirror = Mirror(reflecting: value)
        switch value {
        case let string as JSONString:
            words.append("\(path)=\(string.decoded(in: text.span.bytes) ?? "no text")")
        case let range as Range<Int>:
            words.append("\(path)=\(String(decoding: text[range], as: UTF8.self))")
        case let number as UInt64:
            words.append("\(path)=\(number)")
        case is Session.Request.Action:
            guard let payload = mirror.children.first else { return words.append("\(value)") }
            words.append(payload.label ?? "")
            describe(payload.value, "", text, &words)
        default:
            // An optional has one child, without a name of its own to show.
            let isWrapper = mirror.displayStyle == .optional
            for child in mirror.children {
                let label = isWrapper ? "" : child.label ?? ""
                let isHidden = ["", "action", "about"].contains(label) || label.hasPrefix(".")
                let inner = isHidden ? path : path.isEmpty ? label : "\(path).\(label)"
                describe(child.value, inner, text, &words)
            }
        }
    }
}
