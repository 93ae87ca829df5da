/// The same into memory of a size that has been counted before: without looking, at every part,
/// whether there is room and whether anybody else has the array.
extension JSONWriter {
    /// Appends bytes as they are.
    @inline(__always)
    static func append(_ bytes: RawSpan, to out: inout OutputSpan<UInt8>) {
        bytes.withUnsafeBytes { append($0, to: &out) }
    }

    /// Appends a literal as it is.
    @inline(__always)
    static func append(literal: StaticString, to out: inout OutputSpan<UInt8>) {
        append(
            UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount),
            to: &out
        )
    }

    /// Makes an array of a size that has been counted.
    ///
    /// Cost: one allocation, and the memory is cleared before. About 500 instructions are the standard
    /// library's, which looks types up in every call here (Swift 6.3.1 does not specialise
    /// `_allocateBufferUninitialized`); its initialisers for memory that is not cleared cost the same.
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

    /// The same where its length is known: a string that needs no escapes is copied.
    @inline(__always)
    static func append(_ string: String, ofLength length: Int, to out: inout OutputSpan<UInt8>) {
        let text = string.utf8.span.bytes
        guard text.byteCount == length - 2 else {
            var escaped: [UInt8] = []
            append(string, to: &escaped)
            return append(escaped.span.bytes, to: &out)
        }
        out.append(UInt8(ascii: "\""))
        append(text, to: &out)
        out.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func append(
        _ bytes: UnsafeRawBufferPointer,
        to out: inout OutputSpan<UInt8>
    ) {
        out.withUnsafeMutableBufferPointer { buffer, count in
            precondition(bytes.count <= buffer.count - count, "more than was counted")
            let rest = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]
            )
            rest.copyMemory(from: bytes)
            count += bytes.count
        }
    }
}
