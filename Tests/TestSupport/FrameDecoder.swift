/// Decodes WebSocket frames (RFC 6455 §5.2) from bytes as they come, without the product's code,
/// which is being tested.
///
/// It is strict: each frame must be a whole message, have no reserved bit and a known opcode, state
/// its length in the shortest form, be masked if and only if a client sent it, and be short if it is
/// a control frame.
public struct FrameDecoder: Sendable {
    /// A frame as it came, without its mask.
    public struct Frame: Equatable, Sendable {
        /// The opcode (RFC 6455 §5.2).
        public let opcode: UInt8
        /// The payload.
        public let payload: [UInt8]

        /// Makes a frame to compare with.
        public init(opcode: UInt8, payload: [UInt8]) {
            self.opcode = opcode
            self.payload = payload
        }

        /// The payload as text.
        public var text: String { String(decoding: payload, as: UTF8.self) }
        /// The code of a close frame; nil if it has none.
        public var closeCode: Int? {
            opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
        }
        /// The reason of a close frame, for people.
        public var closeReason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    /// The side that sends the frames.
    public enum Sender: Sendable { case client, server }

    /// The longest payload that a test expects: a length that was read from the wrong place is
    /// nearly always longer.
    private static let longestPayload: UInt64 = 1 << 20
    /// The longest payload of a control frame (RFC 6455 §5.5).
    private static let longestControlPayload: UInt64 = 125

    private let sender: Sender
    /// Bytes that came, and how many of them have been decoded.
    private var pending: [UInt8] = []
    private var start = 0

    /// Makes a decoder of what one side sends.
    public init(of sender: Sender) {
        self.sender = sender
    }

    /// Whether bytes have come that are not decoded: after the last frame, the beginning of one.
    public var hasBytes: Bool { start < pending.count }

    /// Adds bytes that came.
    public mutating func append(_ bytes: ArraySlice<UInt8>) {
        if start > 0 { pending.removeFirst(start) }
        start = 0
        pending += bytes
    }

    /// Returns the next frame; nil if it has not come completely.
    public mutating func next() throws -> Frame? {
        guard let found = try Self.first(in: pending[start...], of: sender) else { return nil }
        start += found.byteCount
        return found.frame
    }

    /// Returns all frames in bytes that must not end within a frame.
    public static func all(in bytes: [UInt8], of sender: Sender) throws -> [Frame] {
        var decoder = FrameDecoder(of: sender)
        decoder.append(bytes[...])
        var frames: [Frame] = []
        while let frame = try decoder.next() { frames.append(frame) }
        guard !decoder.hasBytes else { throw Unexpected("the beginning of a frame: \(bytes)") }
        return frames
    }

    /// Returns the frame at the beginning of bytes, and how many of them it takes; nil if it is not
    /// complete.
    public static func first(
        in bytes: ArraySlice<UInt8>,
        of sender: Sender
    ) throws -> (frame: Frame, byteCount: Int)? {
        guard let first = bytes.first else { return nil }
        let opcode = try opcode(first, bytes)
        guard let (head, length) = try lengths(bytes, of: sender) else { return nil }
        guard length <= (opcode < 8 ? longestPayload : longestControlPayload) else {
            throw Unexpected("opcode \(opcode) with \(length) bytes: \(shown(bytes))")
        }
        let key = sender == .client ? 4 : 0
        let count = head + key + Int(length)
        guard bytes.count >= count else { return nil }
        let start = bytes.startIndex + head
        var payload = Array(bytes[start + key..<bytes.startIndex + count])
        if sender == .client {
            for index in payload.indices { payload[index] ^= bytes[start + index % 4] }
        }
        return (Frame(opcode: opcode, payload: payload), count)
    }

    /// Returns the opcode in a frame's first byte.
    private static func opcode(_ first: UInt8, _ bytes: ArraySlice<UInt8>) throws -> UInt8 {
        guard first & 0x70 == 0 else { throw Unexpected("a reserved bit: \(shown(bytes))") }
        let opcode = first & 0x0F
        guard first & 0x80 != 0, opcode != 0 else {
            throw Unexpected("a part of a message: \(shown(bytes))")
        }
        guard opcode <= 2 || (8...10).contains(opcode) else {
            throw Unexpected("opcode \(opcode): \(shown(bytes))")
        }
        return opcode
    }

    /// Returns the length of a frame's head without the mask's key, and of its payload; nil if they
    /// have not come completely.
    private static func lengths(
        _ bytes: ArraySlice<UInt8>,
        of sender: Sender
    ) throws -> (head: Int, payload: UInt64)? {
        guard let second = bytes.dropFirst().first else { return nil }
        guard (second & 0x80 != 0) == (sender == .client) else {
            throw Unexpected("masked or not, against the rule for a \(sender): \(shown(bytes))")
        }
        let short = second & 0x7F
        guard short >= 126 else { return (2, UInt64(short)) }
        let head = short == 126 ? 4 : 10
        guard bytes.count >= head else { return nil }
        let length = bytes.dropFirst(2).prefix(head - 2).reduce(0) { $0 << 8 | UInt64($1) }
        guard length > (short == 126 ? 125 : 65535) else {
            throw Unexpected("not the shortest form of a length: \(shown(bytes))")
        }
        return (head, length)
    }

    private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        "\(bytes.count) bytes, \(String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription)"
    }
}
