/// A request that opens a WebSocket, in the form in which nearly every client writes it.
///
/// The form is narrower than RFC 9112 and RFC 6455 allow, so that one pass over the bytes decides,
/// without memory of its own. A request of another form is not refused: an HTTP parser and
/// `Handshake` judge it. They accept every request accepted here, with the same key; tests compare
/// the two.
public struct OpeningRequest: Sendable, Equatable {
    /// The result of reading bytes.
    public enum Reading: Sendable, Equatable {
        /// Perhaps such a request, but its head is not complete.
        case incomplete
        /// Anything else.
        case other
        /// Such a request.
        case whole(OpeningRequest)
    }

    /// The number of bytes of the head, with the empty line. Frames follow it.
    public let length: Int
    /// The range of the value of `Sec-WebSocket-Key`: 16 bytes in base64.
    public let key: Range<Int>
    /// The range of the value of `Host`.
    public let host: Range<Int>
    /// The range of the value of `Origin`; programs other than browsers send none.
    public let origin: Range<Int>?
    /// The range of the value of `Sec-WebSocket-Protocol`.
    public let subprotocol: Range<Int>?

    /// Reads a head from its first byte.
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

/// The state while an opening request is read.
private struct OpeningHead {
    /// Says why reading stops before the head's end.
    enum Stop: Error {
        /// The bytes end before the head does.
        case end
        /// It is not such a request.
        case other
    }

    /// The offset of the next byte.
    private var offset = 0
    private var fieldCount = 0
    private var hasUpgrade = false
    private var hasConnection = false
    private var hasVersion = false
    private var key: Range<Int>?
    private var host: Range<Int>?
    private var origin: Range<Int>?
    private var subprotocol: Range<Int>?

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
        return OpeningRequest(
            length: offset,
            key: key,
            host: host,
            origin: origin,
            subprotocol: subprotocol
        )
    }

    /// Reads the request line: the path of the page or of the WebSocket, and perhaps a query, which
    /// is ignored.
    private mutating func readRequestLine(_ bytes: RawSpan) throws(Stop) {
        try take("GET /", bytes)
        if try peek(bytes) == UInt8(ascii: "w") { try take("ws", bytes) }
        if try peek(bytes) == UInt8(ascii: "?") {
            repeat { offset += 1 } while try peek(bytes).isOfQuery
        }
        try take(" HTTP/1.1\r\n", bytes)
    }

    /// Notes a field. Each one that matters must occur once, with its usual value.
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
            // Firefox sends the second value.
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
        case 22 where bytes.holds("sec-websocket-protocol", at: name):
            guard subprotocol == nil else { throw .other }
            subprotocol = value
        default: break
        }
    }

    private func peek(_ bytes: RawSpan) throws(Stop) -> UInt8 {
        guard offset < bytes.byteCount else { throw .end }
        return bytes.byte(at: offset)
    }

    /// Reads exactly this text.
    private mutating func take(_ text: StaticString, _ bytes: RawSpan) throws(Stop) {
        for index in 0..<text.utf8CodeUnitCount {
            guard try peek(bytes) == text.utf8Start[index] else { throw .other }
            offset += 1
        }
    }

    /// Reads a field's name, and the colon after it.
    private mutating func takeName(_ bytes: RawSpan) throws(Stop) -> Range<Int> {
        let start = offset
        while try peek(bytes).isOfToken { offset += 1 }
        let end = offset
        guard end > start else { throw .other }
        try take(":", bytes)
        return start..<end
    }

    /// Reads a field's value and the end of its line: visible ASCII, with spaces before it and
    /// inside but none after it.
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
    /// Whether the bytes of a range are a text, which is given in lower case, in any case.
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
    /// Whether the byte is a space or a visible character of ASCII.
    fileprivate var isPrintable: Bool { self >= UInt8(ascii: " ") && self <= UInt8(ascii: "~") }

    private var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// Whether the byte may be part of a field's name (RFC 9110, section 5.6.2), except for
    /// characters that are never used.
    fileprivate var isOfToken: Bool {
        isLetterOrDigit || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }

    /// Whether the byte may be part of a query (RFC 3986, section 3.4), except for characters that
    /// are rarely used.
    fileprivate var isOfQuery: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "="), UInt8(ascii: "+"):
            true
        default: isLetterOrDigit
        }
    }
}
