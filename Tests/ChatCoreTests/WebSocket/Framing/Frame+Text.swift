import ChatCore

extension Frame {
    /// Returns the frame of a whole text message.
    static func text(_ text: String, mask: MaskingKey? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        append(.text, payload: text.utf8Span.span.bytes, mask: mask, to: &bytes)
        return bytes
    }
}
