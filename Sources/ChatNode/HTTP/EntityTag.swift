import ChatCore

/// Names one version of a file, so that a client with a copy of this version need not be sent it
/// again (RFC 9110, section 8.8.3). The tag is strong: two versions with one tag are equal byte for
/// byte.
struct EntityTag: Equatable, CustomStringConvertible {
    /// 64 of the digest's 160 bits tell the few versions that one file will ever have apart.
    private static let digestBytes = 8

    /// The tag as a header has it: hexadecimal digits in quotes.
    let description: String

    /// Makes the tag of a version that consists of these bytes.
    init(of bytes: [UInt8]) {
        let digits = SHA1.digest(bytes).prefix(Self.digestBytes).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        description = "\"\(digits.joined())\""
    }

    /// Returns whether a request's `If-None-Match` fields list this tag, which means that the
    /// client has this version (RFC 9110, section 13.1.2).
    ///
    /// The comparison is weak: a proxy that compressed a file has put `W/` before its tag. A list
    /// that breaks the grammar ends where it does so.
    func isListed(in fields: [String]) -> Bool {
        fields.contains { field in
            var rest = field.utf8[...].trimmed
            guard !rest.elementsEqual("*".utf8) else { return true }
            while let tag = rest.takeTag() {
                if tag.elementsEqual(description.utf8) { return true }
            }
            return false
        }
    }
}

extension Substring.UTF8View {
    fileprivate var trimmed: Self {
        var text = self
        while text.last?.isSpace == true { text.removeLast() }
        while text.first?.isSpace == true { text.removeFirst() }
        return text
    }

    /// Removes the first tag of a list, and what stands before it, and returns the tag in its quotes
    /// without `W/`. Returns nil if none follows. A tag may contain commas, but no quote.
    fileprivate mutating func takeTag() -> Self? {
        while let byte = first, byte.isSpace || byte == UInt8(ascii: ",") { removeFirst() }
        if starts(with: "W/".utf8) { removeFirst(2) }
        guard first == UInt8(ascii: "\""), let end = dropFirst().firstIndex(of: UInt8(ascii: "\""))
        else { return nil }
        let tag = self[...end]
        self = self[index(after: end)...]
        return tag
    }
}

extension UInt8 {
    /// White space as HTTP's lists have it (RFC 9110, section 5.6.3).
    fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
