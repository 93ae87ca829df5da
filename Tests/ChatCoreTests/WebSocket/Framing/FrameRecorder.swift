import ChatCore

/// A call of a parser to its sink.
enum FrameEvent: Equatable {
    case text([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, [UInt8])
}

/// A sink that records its calls, and ends parsing after `wanted` messages and control frames.
final class FrameRecorder: FrameSink {
    private(set) var events: [FrameEvent] = []
    private let wanted: Int

    init(wanted: Int = .max) {
        self.wanted = wanted
    }

    func text(_ payload: RawSpan) -> Bool { add(.text(bytes(payload))) }
    func ping(_ payload: RawSpan) -> Bool { add(.ping(bytes(payload))) }
    func pong(_ payload: RawSpan) -> Bool { add(.pong(bytes(payload))) }
    func close(_ code: CloseCode?, _ reason: RawSpan) {
        _ = add(.close(code?.rawValue, bytes(reason)))
    }

    private func add(_ event: FrameEvent) -> Bool {
        events.append(event)
        return events.count < wanted
    }

    private func bytes(_ span: RawSpan) -> [UInt8] {
        span.withUnsafeBytes { Array($0) }
    }
}

/// Everything observable of a parser that was given some bytes.
struct FrameOutcome: Equatable {
    var events: [FrameEvent] = []
    var error: FrameError?
    var isMidMessage = false

    /// Parses bytes that arrive in the given pieces, all of them, even after an error.
    init(
        _ pieces: [ArraySlice<UInt8>],
        role: FrameParser.Role = .server,
        limit: Int = 1000,
        wanted: Int = .max
    ) {
        var parser = FrameParser(role, maxMessageBytes: limit)
        let sink = FrameRecorder(wanted: wanted)
        for piece in pieces {
            var copy = Array(piece)
            do {
                try parser.feed(&copy, to: sink)
            } catch {
                self.error = self.error ?? error
            }
        }
        events = sink.events
        isMidMessage = parser.isMidMessage
    }

    /// Parses bytes that arrive at once.
    init(_ bytes: [UInt8], role: FrameParser.Role = .server, limit: Int = 1000) {
        self.init([bytes[...]], role: role, limit: limit)
    }

    init(events: [FrameEvent], error: FrameError? = nil, isMidMessage: Bool = false) {
        self.events = events
        self.error = error
        self.isMidMessage = isMidMessage
    }
}

extension FrameParser {
    mutating func feed(_ bytes: inout [UInt8], to sink: some FrameSink) throws(FrameError) {
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        try consume(&raw, into: sink)
    }
}

/// Makes a client's frame, masked.
func clientFrame(
    _ opcode: Opcode,
    _ payload: [UInt8] = [],
    isFinal: Bool = true,
    mask: MaskingKey? = MaskingKey(0x4A5B_6C7D)
) -> [UInt8] {
    var bytes: [UInt8] = []
    Frame.append(opcode, isFinal: isFinal, payload: payload.span.bytes, mask: mask, to: &bytes)
    return bytes
}

/// Makes a client's frame of a text, masked.
func clientFrame(_ opcode: Opcode, _ text: String, isFinal: Bool = true) -> [UInt8] {
    clientFrame(opcode, Array(text.utf8), isFinal: isFinal)
}

/// Makes the header of a client's frame without a payload, with a mask of zeros. The length is
/// written in `lengthBytes` bytes.
func clientHeader(_ first: UInt8, length: UInt64, lengthBytes: Int) -> [UInt8] {
    let short: UInt8 =
        switch lengthBytes {
        case 2: 126
        case 8: 127
        default: UInt8(length)
        }
    let extended = (0..<(lengthBytes == 1 ? 0 : lengthBytes)).reversed().map {
        UInt8(truncatingIfNeeded: length >> ($0 * 8))
    }
    return [first, 0x80 | short] + extended + [0, 0, 0, 0]
}
