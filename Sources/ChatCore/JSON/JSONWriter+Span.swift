/// Writes JSON into memory whose size was counted before. Punctuation and values relayed verbatim
/// are written with the span's own `append`.
extension JSONWriter {
    /// Makes an array whose size was counted before.
    ///
    /// Cost: one allocation, and the memory is cleared first. About 500 instructions are the
    /// standard library's, which looks types up in every call here (Swift 6.3.1 does not specialise
    /// `_allocateBufferUninitialized`); its initialisers for memory that is not cleared cost the
    /// same.
    @inline(__always)
    static func bytes(
        count: Int,
        _ write: (inout OutputSpan<UInt8>) -> Void
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBufferPointer { buffer in
            var out = OutputSpan(buffer: buffer, initializedCount: 0)
            write(&out)
            let written = out.finalize(for: buffer)
            precondition(written == count, "as many bytes as were counted")
        }
        return bytes
    }

    /// Appends a string with its quotes.
    static func append(_ string: String, to out: inout OutputSpan<UInt8>) {
        append(string, ofLength: length(of: string), to: &out)
    }

    /// Appends a string with its quotes, of a known length: a string that needs no escapes is
    /// copied.
    @inline(__always)
    static func append(_ string: String, ofLength length: Int, to out: inout OutputSpan<UInt8>) {
        let text = string.utf8.span.bytes
        guard text.byteCount == length - 2 else {
            var escaped: [UInt8] = []
            append(string, to: &escaped)
            return out.append(escaped.span.bytes)
        }
        out.append(UInt8(ascii: "\""))
        out.append(text)
        out.append(UInt8(ascii: "\""))
    }
}
