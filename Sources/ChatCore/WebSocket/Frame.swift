/// Makes whole frames: for answers to one client, for clients, and for tests. What goes to a whole
/// room is framed once, with `FrameHeader`.
///
/// Clients hand in a mask, servers none.
public enum Frame {
    /// Appends a frame. A control frame's payload is at most 125 bytes and never fragmented.
    public static func append(
        _ opcode: Opcode,
        isFinal: Bool = true,
        payload: RawSpan,
        mask: MaskingKey? = nil,
        to bytes: inout [UInt8]
    ) {
        guard !opcode.isControl || (isFinal && payload.byteCount <= Opcode.controlPayloadBytes)
        else { preconditionFailure("a control frame is whole and has at most 125 bytes") }
        FrameHeader.append(
            opcode,
            isFinal: isFinal,
            length: payload.byteCount,
            mask: mask,
            to: &bytes
        )
        let start = bytes.count
        payload.withUnsafeBytes { bytes.append(contentsOf: $0) }
        guard var mask else { return }
        var all = bytes.mutableSpan
        var allBytes = all.mutableBytes
        mask.apply(to: &allBytes, in: start..<allBytes.byteCount)
    }

    /// A whole text message.
    public static func text(_ text: String, mask: MaskingKey? = nil) -> [UInt8] {
        make(.text, text.utf8Span.span.bytes, mask)
    }

    /// A ping with at most 125 bytes, which come back in the pong.
    public static func ping(_ payload: RawSpan = RawSpan(), mask: MaskingKey? = nil) -> [UInt8] {
        make(.ping, payload, mask)
    }

    /// The answer to a ping: its payload.
    public static func pong(_ payload: RawSpan = RawSpan(), mask: MaskingKey? = nil) -> [UInt8] {
        make(.pong, payload, mask)
    }

    /// A close frame. What of the reason does not fit into 123 bytes is cut off, at a character.
    /// Without a code the frame is empty, as the answer to an empty one is.
    public static func close(
        _ code: CloseCode?,
        _ reason: String = "",
        mask: MaskingKey? = nil
    ) -> [UInt8] {
        guard let code else { return make(.close, RawSpan(), mask) }
        var payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
        for scalar in reason.unicodeScalars {
            let encoded = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            guard payload.count + encoded.count <= Opcode.controlPayloadBytes else { break }
            payload.append(contentsOf: encoded)
        }
        return make(.close, payload.span.bytes, mask)
    }

    private static func make(_ opcode: Opcode, _ payload: RawSpan, _ mask: MaskingKey?) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            FrameHeader.byteCount(length: payload.byteCount, masked: mask != nil)
                + payload.byteCount
        )
        append(opcode, payload: payload, mask: mask, to: &bytes)
        return bytes
    }
}
