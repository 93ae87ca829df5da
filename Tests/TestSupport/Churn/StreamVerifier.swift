import Glibc

/// Checks what one connection receives to the last byte: its own answer to its handshake, then
/// whole frames: those of the room without a gap, and besides only what it has asked for.
struct StreamVerifier {
    /// The answer to the handshake, which comes first.
    private let head: [UInt8]
    private var headCount = 0
    /// Whether it has sent its request; before that, nothing may come.
    var hasAsked = false
    /// The name that it has asked for and has no answer about.
    var wantedName: String?
    /// The number of the last message received.
    private(set) var seq: Int?
    /// The code of a close frame, after which nothing may come.
    private(set) var closeCode: Int?
    /// The number of pings that still need an answer.
    var pings = 0
    private(set) var frames = 0
    private var decoder = FrameDecoder(of: .server)

    init(key: String) {
        head = Array(
            """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(AcceptKey.answer(to: key))\r
            \r

            """.utf8
        )
    }

    /// Makes a verifier for a connection that was upgraded and logged in before.
    init(upgradedWith answer: String) {
        head = Array(answer.utf8)
        headCount = head.count
        hasAsked = true
    }

    /// Whether it is a WebSocket.
    var isUpgraded: Bool { headCount == head.count }
    /// Whether a frame has begun and not ended.
    var isCut: Bool { decoder.hasBytes }

    /// Checks bytes as they came. Throws what is wrong with them.
    mutating func take(_ bytes: ArraySlice<UInt8>, _ record: RoomRecord) throws {
        var rest = bytes
        if !isUpgraded { try takeHead(&rest) }
        decoder.append(rest)
        while let frame = try decoder.next() {
            guard closeCode == nil else {
                throw Unexpected("after a close frame: \(Self.shown(frame.payload[...]))")
            }
            frames += 1
            if !isNext(frame, record) { try take(frame, record) }
        }
        guard closeCode == nil || !isCut else { throw Unexpected("bytes after a close frame") }
    }

    private mutating func takeHead(_ bytes: inout ArraySlice<UInt8>) throws {
        guard hasAsked else { throw Unexpected("before it asked: \(Self.shown(bytes))") }
        let count = min(bytes.count, head.count - headCount)
        guard bytes.prefix(count).elementsEqual(head[headCount..<headCount + count]) else {
            throw Unexpected("for an answer to its handshake: \(Self.shown(bytes))")
        }
        headCount += count
        bytes = bytes.dropFirst(count)
    }

    /// Returns whether the frame is the room's next, which nearly all of them are.
    private mutating func isNext(_ frame: FrameDecoder.Frame, _ record: RoomRecord) -> Bool {
        guard frame.opcode == 1, let last = seq, let next = record.next(after: last),
            next.count == frame.payload.count,
            memcmp(next, frame.payload, next.count) == 0
        else { return false }
        seq = last + 1
        return true
    }

    private mutating func take(_ frame: FrameDecoder.Frame, _ record: RoomRecord) throws {
        switch frame.opcode {
        case 1:
            guard let text = String(validating: frame.payload, as: UTF8.self) else {
                throw Unexpected("not UTF-8: \(frame.payload)")
            }
            try take(text: text, frame.payload, record)
        case 8:
            guard let code = frame.closeCode else {
                throw Unexpected("a close frame without a code")
            }
            closeCode = code
        case 9:
            guard frame.payload.isEmpty else { throw Unexpected("a ping with \(frame.payload)") }
            pings += 1
        default:
            throw Unexpected("a frame that was not asked for, opcode \(frame.opcode)")
        }
    }

    private mutating func take(text: String, _ bytes: [UInt8], _ record: RoomRecord) throws {
        if text.hasPrefix(#"{"type":"chat","#) {
            seq = try record.hear(bytes, text: text, after: seq)
        } else if let name = wantedName,
            text == #"{"type":"logged_in","username":"\#(name)","node":"n1"}"#
        {
            wantedName = nil
        } else if text.contains(#":"unavailable","#) {
            throw ConnectionChurn.Stalled(description: "the broker was given up: \(text)")
        } else {
            throw Unexpected("not for this client: \(text)")
        }
    }

    private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        "\(bytes.count) bytes, \(String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription)"
    }
}
