import Glibc

/// What one connection hears, checked to the last byte: its own answer to its handshake, then whole
/// frames, of the room without a hole, and else only what it has asked for.
struct Hearing {
    /// What comes first.
    private let head: [UInt8]
    private var headCount = 0
    /// It has sent its request; before that, nobody has anything to say to it.
    var hasAsked = false
    /// The name it has asked for and has no answer about.
    var wantedName: String?
    /// The number of the last message heard.
    private(set) var seq: Int?
    /// Of a close frame, behind which nothing may come.
    private(set) var closeCode: Int?
    /// Pings that want an answer.
    var pings = 0
    private(set) var frames = 0
    /// The beginning of a frame that is not complete.
    private var pending: [UInt8] = []

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

    /// Of a connection that has been upgraded and logged in by other means.
    init(upgradedWith answer: String) {
        head = Array(answer.utf8)
        headCount = head.count
        hasAsked = true
    }

    /// It is a WebSocket.
    var isUpgraded: Bool { headCount == head.count }
    /// A frame has begun and not ended.
    var isCut: Bool { !pending.isEmpty }

    /// Bytes as they came. Throws what is wrong with them.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ record: RoomRecord) throws {
        var rest = bytes[...]
        if !isUpgraded { try takeHead(&rest) }
        guard !rest.isEmpty else { return }
        guard pending.isEmpty else {
            pending += rest
            let joined = pending
            pending = []
            return try joined.withUnsafeBytes { try takeFrames($0[...], record) }
        }
        try takeFrames(rest, record)
    }

    private mutating func takeHead(_ bytes: inout Slice<UnsafeRawBufferPointer>) throws {
        guard hasAsked else { throw Unexpected("before it asked: \(Self.shown(bytes))") }
        let count = min(bytes.count, head.count - headCount)
        guard bytes.prefix(count).elementsEqual(head[headCount..<headCount + count]) else {
            throw Unexpected("for an answer to its handshake: \(Self.shown(bytes))")
        }
        headCount += count
        bytes = bytes.dropFirst(count)
    }

    private mutating func takeFrames(
        _ bytes: Slice<UnsafeRawBufferPointer>,
        _ record: RoomRecord
    ) throws {
        var rest = UnsafeRawBufferPointer(rebasing: bytes)
        while !rest.isEmpty {
            guard closeCode == nil else {
                throw Unexpected("behind a close frame: \(Self.shown(rest[...]))")
            }
            guard let count = try Self.length(rest) else {
                pending = Array(rest)
                return
            }
            let frame = UnsafeRawBufferPointer(rebasing: rest[..<count])
            frames += 1
            if !isNext(frame, record) { try take(frame: Array(frame), record) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Whether the frame is the room's next, which nearly all of them are.
    private mutating func isNext(_ frame: UnsafeRawBufferPointer, _ record: RoomRecord) -> Bool {
        guard let last = seq, let next = record.next(after: last), next.count == frame.count,
            let start = frame.baseAddress,
            next.withUnsafeBytes({ $0.baseAddress.map { memcmp($0, start, frame.count) } }) == 0
        else { return false }
        seq = last + 1
        return true
    }

    /// How long the frame is that begins here; nil if that cannot be said yet, or if not all of it is
    /// here. A server's frames are whole messages, unmasked and of the shortest form (RFC 6455 §5).
    private static func length(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
        guard [0x81, 0x88, 0x89, 0x8A].contains(bytes[0]) else {
            throw Unexpected("for the head of a frame: \(shown(bytes[...]))")
        }
        guard bytes.count >= 2 else { return nil }
        guard bytes[1] <= 126 else {
            throw Unexpected("masked, or too long for a frame of this test: \(shown(bytes[...]))")
        }
        guard bytes[1] == 126 else {
            let count = 2 + Int(bytes[1])
            return bytes.count >= count ? count : nil
        }
        guard bytes.count >= 4 else { return nil }
        let count = Int(bytes[2]) << 8 | Int(bytes[3])
        guard count >= 126 else {
            throw Unexpected("not the shortest form of a length: \(shown(bytes[...]))")
        }
        return bytes.count >= 4 + count ? 4 + count : nil
    }

    private mutating func take(frame: [UInt8], _ record: RoomRecord) throws {
        let payload = frame.dropFirst(frame[1] == 126 ? 4 : 2)
        switch frame[0] & 0x0F {
        case 1:
            guard let text = String(validating: payload, as: UTF8.self) else {
                throw Unexpected("not UTF-8: \(payload)")
            }
            try take(text: text, frame, record)
        case 8:
            guard payload.count >= 2 else { throw Unexpected("a close frame without a code") }
            closeCode = payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
        case 9:
            guard payload.isEmpty else { throw Unexpected("a ping with \(payload)") }
            pings += 1
        default:
            throw Unexpected("a pong that nobody asked for")
        }
    }

    private mutating func take(text: String, _ frame: [UInt8], _ record: RoomRecord) throws {
        if text.hasPrefix(#"{"type":"chat","#) {
            seq = try record.hear(frame, payload: text, after: seq)
        } else if let name = wantedName,
            text == #"{"type":"logged_in","username":"\#(name)","node":"n1"}"#
        {
            wantedName = nil
        } else if text.contains(#":"unavailable","#) {
            throw Swarm.Stalled(description: "the broker was given up: \(text)")
        } else {
            throw Unexpected("not for this client: \(text)")
        }
    }

    private static func shown(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        "\(bytes.count) bytes, \(String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription)"
    }
}
