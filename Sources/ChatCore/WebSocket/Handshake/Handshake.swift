/// The server's side of the opening handshake (RFC 6455, section 4.2).
///
/// The header fields are passed as a function, which returns for a name, in any case, the values of
/// all fields of that name in order, without the white space around them.
public enum Handshake {
    /// Whether the request is meant to open a WebSocket. Any other request gets a page, or 426.
    ///
    /// A key alone suffices: a proxy that is not configured to pass `Upgrade` on leaves the key,
    /// and its operator should see the sentence of `HandshakeError.notUpgrade`.
    public static func isUpgrade(headers: (String) -> [String]) -> Bool {
        contains("websocket", in: headers("Upgrade")) || !headers("Sec-WebSocket-Key").isEmpty
    }

    /// Checks the request and returns its key.
    ///
    /// Fails: with the first requirement of section 4.2.1 that is not met. The caller checks path and
    /// origin.
    static func key(
        method: String,
        version: (major: Int, minor: Int),
        headers: (String) -> [String]
    ) throws(HandshakeError) -> [UInt8] {
        guard method == "GET" else { throw .method }
        guard version >= (1, 1) else { throw .httpVersion }
        let hosts = headers("Host")
        guard hosts.count == 1, hosts[0] != "" else { throw .host }
        guard contains("websocket", in: headers("Upgrade")) else { throw .notUpgrade }
        guard contains("upgrade", in: headers("Connection")) else { throw .connection }
        guard headers("Sec-WebSocket-Version") == ["13"] else { throw .version }
        let keys = headers("Sec-WebSocket-Key").map { Array($0.utf8) }
        guard keys.count == 1, let key = keys.first,
            Base64.isOf16Bytes(key.span.bytes, at: key.indices)
        else { throw .key }
        return key
    }

    /// Returns the answer to a valid request, whose key is in `bytes`; nil: no subprotocol is agreed on.
    ///
    /// Cost: one allocation; another one with a subprotocol.
    static func answer(_ bytes: RawSpan, key: Range<Int>, subprotocol: String?) -> [UInt8] {
        var answer = switchingProtocols(bytes, key: key)
        guard let subprotocol else { return answer }
        answer.removeLast(2)
        answer += "Sec-WebSocket-Protocol: \(subprotocol)\r\n\r\n".utf8
        return answer
    }

    /// Returns the elements of comma-separated fields, without the white space around them.
    static func elements(of fields: [String]) -> [String] {
        fields.flatMap { field in
            field.utf8.split(separator: UInt8(ascii: ",")).map { element in
                let isSpace = { (byte: UInt8) in " \t".utf8.contains(byte) }
                let name = element.drop(while: isSpace).reversed().drop(while: isSpace)
                return String(decoding: name.reversed(), as: UTF8.self)
            }
        }
    }

    /// Returns the `Sec-WebSocket-Accept` that answers a key (RFC 6455, section 4.2.2, step 5.4).
    public static func acceptKey(for key: String) -> String {
        Base64.encode(SHA1.digest(Array(key.utf8) + guid))
    }

    private static let guid = Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)

    /// Returns the answer of a successful handshake (section 4.2.2), without subprotocol or extension.
    private static func switchingProtocols(_ bytes: RawSpan, key: Range<Int>) -> [UInt8] {
        let guid = guid
        let message = InlineArray<60, UInt8> { index in
            index < 24 ? bytes.byte(at: key.lowerBound + index) : guid[index - 24]
        }
        let digest = SHA1.digest(of: message.span.bytes)
        var answer = answerWithoutKey
        var text = answer.mutableSpan
        Base64.encode(digest.span.bytes, into: &text, at: answerStart.count)
        return answer
    }

    private static let answerStart = Array(
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Accept: ").utf8
    )
    /// Space for the 20 bytes of a digest in base64, which already contains the padding.
    private static let answerEnd = Array((String(repeating: "=", count: 28) + "\r\n\r\n").utf8)
    private static let answerWithoutKey = answerStart + answerEnd

    /// Whether one of the fields has the token, given in lower case, in its comma-separated list.
    static func contains(_ token: StaticString, in fields: [String]) -> Bool {
        let token = UnsafeBufferPointer(start: token.utf8Start, count: token.utf8CodeUnitCount)
        return fields.contains { field in
            // Nearly always the token is the whole field.
            isToken(field.utf8, token)
                || elements(of: [field]).contains { isToken($0.utf8, token) }
        }
    }

    private static func isToken(
        _ text: some Collection<UInt8>,
        _ token: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        text.count == token.count && zip(text, token).allSatisfy { asciiLowercased($0) == $1 }
    }

    private static func asciiLowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
