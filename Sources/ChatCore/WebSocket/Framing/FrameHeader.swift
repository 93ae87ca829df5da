/// Writes the header of a frame (RFC 6455, section 5.2), which precedes its payload.
public enum FrameHeader {
    /// Returns the size of the header of a frame whose payload has `length` bytes: 2 to 14 bytes.
    public static func byteCount(length: Int, masked: Bool = false) -> Int {
        let base =
            switch length {
            case ...125: 2
            case ...0xFFFF: 4
            default: 10
            }
        return masked ? base + 4 : base
    }

    /// Appends a header. Servers leave `mask` out; clients must mask, with a new key per frame, and
    /// apply it to the payload themselves. `isFinal` is false for all fragments of a message but
    /// the last.
    public static func append(
        _ opcode: Opcode,
        isFinal: Bool = true,
        length: Int,
        mask: MaskingKey? = nil,
        to bytes: inout [UInt8]
    ) {
        bytes.append(addingCapacity: byteCount(length: length, masked: mask != nil)) { out in
            append(opcode, isFinal: isFinal, length: length, mask: mask, to: &out)
        }
    }

    /// Appends a header to a span with enough free capacity.
    static func append(
        _ opcode: Opcode,
        isFinal: Bool = true,
        length: Int,
        mask: MaskingKey? = nil,
        to bytes: inout OutputSpan<UInt8>
    ) {
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        bytes.append((isFinal ? 0x80 : 0) | opcode.rawValue)
        switch length {
        case ...125:
            bytes.append(maskBit | UInt8(length))
        case ...0xFFFF:
            bytes.append(maskBit | 126)
            append(bigEndian: UInt16(length), to: &bytes)
        default:
            bytes.append(maskBit | 127)
            append(bigEndian: UInt64(length), to: &bytes)
        }
        if let mask { append(bigEndian: mask.wireOrder.byteSwapped, to: &bytes) }
    }

    private static func append(
        bigEndian number: some FixedWidthInteger,
        to bytes: inout OutputSpan<UInt8>
    ) {
        var shift = type(of: number).bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
