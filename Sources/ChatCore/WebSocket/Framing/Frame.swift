/// Makes whole frames: for answers to one client, and for clients. Messages to a whole room are
/// framed once, with `FrameHeader`.
///
/// Clients pass a mask, servers do not.
public enum Frame {
    /// Appends a frame. A control frame's payload has at most 125 bytes and is never fragmented.
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

    /// Returns a ping with at most 125 bytes, which the pong repeats.
    public static func ping(_ payload: RawSpan = RawSpan(), mask: MaskingKey? = nil) -> [UInt8] {
        make(.ping, payload, mask)
    }

    /// Returns the answer to a ping with the same payload.
    public static func pong(_ payload: RawSpan = RawSpan(), mask: MaskingKey? = nil) -> [UInt8] {
        make(.pong, payload, mask)
    }

    /// Returns a close frame. A reason longer than 123 bytes is cut off, after a whole character.
    /// Without a code the frame is empty, as in the answer to an empty close frame.
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
