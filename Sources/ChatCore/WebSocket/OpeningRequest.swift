/// A request that opens a WebSocket, written as nearly every client writes it.
///
/// Its grammar is narrower than those of RFC 9112 and RFC 6455 together, so that one pass over the
/// bytes decides and nothing needs memory of its own. It refuses nobody: what is not exactly this is
/// for an HTTP parser and `Handshake` to judge. What it takes, those take too, with the same key;
/// tests hold the two against each other.
public struct OpeningRequest: Sendable, Equatable {
    /// What bytes are the beginning of.
    public enum Reading: Sendable, Equatable {
        /// Of such a request perhaps, but its head does not end here.
        case incomplete
        /// Of anything else.
        case other
        /// Of such a request.
        case whole(OpeningRequest)
    }

    /// Bytes of the head, the empty line included. Frames come behind it.
    public let length: Int
    /// Where the value of `Sec-WebSocket-Key` stands: 16 bytes in base64.
    public let key: Range<Int>
    /// Where the value of `Host` stands.
    public let host: Range<Int>
    /// Where the value of `Origin` stands; programs send none.
    public let origin: Range<Int>?

    /// Reads a head from its first byte on.
    ///
    /// Cost: one pass over at most `Limits.requestHeadBytes`; no allocation.
    public static func read(_ bytes: RawSpan) -> Reading {
        var head = OpeningHead()
        do throws(OpeningHead.Stop) {
            return .whole(try head.read(bytes))
        } catch {
            let mayGoOn = error == .end && bytes.byteCount < Limits.requestHeadBytes
            return mayGoOn ? .incomplete : .other
        }
    }
}

/// The state of reading one.
private struct OpeningHead {
    /// Why reading stops before the head's end.
    enum Stop: Error {
        /// The bytes are over.
        case end
        /// It is no such request.
        case other
    }

    /// What comes next.
    private var offset = 0
    private var fieldCount = 0
    private var hasUpgrade = false
    private var hasConnection = false
    private var hasVersion = false
    private var key: Range<Int>?
    private var host: Range<Int>?
    private var origin: Range<Int>?

    mutating func read(_ bytes: RawSpan) throws(Stop) -> OpeningRequest {
        try readRequestLine(bytes)
        while try peek(bytes) != UInt8(ascii: "\r") {
            fieldCount += 1
            guard fieldCount <= Limits.requestHeaders else { throw .other }
            let name = try takeName(bytes)
            try note(name, try takeValue(bytes), bytes)
        }
        try take("\r\n", bytes)
        guard hasUpgrade, hasConnection, hasVersion, let key, let host,
            offset <= Limits.requestHeadBytes
        else { throw .other }
        return OpeningRequest(length: offset, key: key, host: host, origin: origin)
    }

    /// The page's address or the WebSocket's own, and perhaps a query, which nobody looks at.
    private mutating func readRequestLine(_ bytes: RawSpan) throws(Stop) {
        try take("GET /", bytes)
        if try peek(bytes) == UInt8(ascii: "w") { try take("ws", bytes) }
        if try peek(bytes) == UInt8(ascii: "?") {
            repeat { offset += 1 } while try peek(bytes).isOfQuery
        }
        try take(" HTTP/1.1\r\n", bytes)
    }

    /// A field that matters must be there once, and say what there is to say in the usual words.
    private mutating func note(
        _ name: Range<Int>,
        _ value: Range<Int>,
        _ bytes: RawSpan
    ) throws(Stop) {
        switch name.count {
        case 4 where bytes.holds("host", at: name):
            guard host == nil, !value.isEmpty else { throw .other }
            host = value
        case 6 where bytes.holds("origin", at: name):
            guard origin == nil else { throw .other }
            origin = value
        case 7 where bytes.holds("upgrade", at: name):
            guard !hasUpgrade, bytes.holds("websocket", at: value) else { throw .other }
            hasUpgrade = true
        case 10 where bytes.holds("connection", at: name):
            // The second one is Firefox's.
            let isUsual =
                bytes.holds("upgrade", at: value) || bytes.holds("keep-alive, upgrade", at: value)
            guard !hasConnection, isUsual else { throw .other }
            hasConnection = true
        case 14 where bytes.holds("content-length", at: name): throw .other
        case 17 where bytes.holds("transfer-encoding", at: name): throw .other
        case 17 where bytes.holds("sec-websocket-key", at: name):
            guard key == nil, Base64.isOf16Bytes(bytes, at: value) else { throw .other }
            key = value
        case 21 where bytes.holds("sec-websocket-version", at: name):
            guard !hasVersion, bytes.holds("13", at: value) else { throw .other }
            hasVersion = true
        default: break
        }
    }

    private func peek(_ bytes: RawSpan) throws(Stop) -> UInt8 {
        guard offset < bytes.byteCount else { throw .end }
        return bytes.byte(at: offset)
    }

    /// Exactly this text.
    private mutating func take(_ text: StaticString, _ bytes: RawSpan) throws(Stop) {
        for index in 0..<text.utf8CodeUnitCount {
            guard try peek(bytes) == text.utf8Start[index] else { throw .other }
            offset += 1
        }
    }

    /// A field's name, and the colon behind it.
    private mutating func takeName(_ bytes: RawSpan) throws(Stop) -> Range<Int> {
        let start = offset
        while try peek(bytes).isOfToken { offset += 1 }
        let end = offset
        guard end > start else { throw .other }
        try take(":", bytes)
        return start..<end
    }

    /// A field's value and the end of its line: visible ASCII, with spaces before it and between
    /// but none behind.
    private mutating func takeValue(_ bytes: RawSpan) throws(Stop) -> Range<Int> {
        while try peek(bytes) == UInt8(ascii: " ") { offset += 1 }
        let start = offset
        while try peek(bytes).isPrintable { offset += 1 }
        let end = offset
        guard end == start || bytes.byte(at: end - 1) != UInt8(ascii: " ") else { throw .other }
        try take("\r\n", bytes)
        return start..<end
    }
}

extension RawSpan {
    /// Whether a text in lower case stands there, in any case.
    fileprivate func holds(_ text: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let byte = byte(at: range.lowerBound + index)
            let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            guard isCapital ? byte | 0x20 == text.utf8Start[index] : byte == text.utf8Start[index]
            else { return false }
        }
        return true
    }
}

extension UInt8 {
    /// A space or a visible character of ASCII.
    fileprivate var isPrintable: Bool { self >= UInt8(ascii: " ") && self <= UInt8(ascii: "~") }

    private var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// Of a field's name (RFC 9110, section 5.6.2), but for what no name has.
    fileprivate var isOfToken: Bool {
        isLetterOrDigit || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }

    /// Of a query (RFC 3986, section 3.4), but for what is rare in one.
    fileprivate var isOfQuery: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "="), UInt8(ascii: "+"):
            true
        default: isLetterOrDigit
        }
    }
}
