import ChatCore

/// A slow model of a server's parser: it has all bytes in memory, reads them one at a time, and
/// uses the standard library to check UTF-8. The parser must agree with it.
struct FrameModel {
    private let bytes: [UInt8]
    private let limit: Int
    private var offset = 0
    private var message: [UInt8]?
    private var events: [FrameEvent] = []

    /// Returns the outcome of all of the bytes.
    static func outcome(_ bytes: [UInt8], limit: Int = 1000) -> FrameOutcome {
        var model = FrameModel(bytes: bytes, limit: limit)
        do {
            while try model.readFrame() {}
            let isMidMessage = model.offset < bytes.count || model.message != nil
            let isClosed = if case .close? = model.events.last { true } else { false }
            return FrameOutcome(events: model.events, isMidMessage: isMidMessage && !isClosed)
        } catch {
            return FrameOutcome(events: model.events, error: error)
        }
    }

    private init(bytes: [UInt8], limit: Int) {
        self.bytes = bytes
        self.limit = limit
    }

    /// Reads a frame. Returns false at the end of the bytes or after a close frame.
    private mutating func readFrame() throws(FrameError) -> Bool {
        let rest = Array(bytes[offset...])
        guard let first = rest.first else { return false }
        let (isFinal, opcode) = (first >= 0x80, first % 16)
        guard first % 128 < 16 else { throw .reservedBit }
        guard [0, 1, 2, 8, 9, 10].contains(opcode) else { throw .reservedOpcode }
        guard isFinal || opcode < 8 else { throw .fragmentedControl }
        guard opcode != 0 || message != nil else { throw .unexpectedContinuation }
        guard opcode == 0 || opcode >= 8 || message == nil else { throw .interruptedMessage }
        guard opcode != 2 else { throw .binaryMessage }

        guard rest.count > 1 else { return false }
        guard rest[1] >= 128 else { throw .unmaskedFrame }
        let short = Int(rest[1] - 128)
        guard opcode < 8 || short < 126 else { throw .oversizedControl }
        let keyAt = short == 127 ? 10 : short == 126 ? 4 : 2
        guard rest.count >= keyAt else { return false }
        let long = rest[2..<keyAt].reduce(0 as UInt64) { $0 * 256 + UInt64($1) }
        let isShortest = short < 126 || (short == 126 ? long > 125 : long > 65535)
        guard isShortest, long < 1 << 63 else { throw .malformedLength }
        let length = short < 126 ? short : Int(long)
        let held = message?.count ?? 0
        guard opcode >= 8 || (length <= limit && held + length <= limit) else {
            throw .messageTooBig(limitBytes: limit)
        }

        guard rest.count >= keyAt + 4 else { return false }
        let key = rest[keyAt..<keyAt + 4].map { $0 }
        let payload = rest[(keyAt + 4)...].prefix(length).enumerated().map { $1 ^ key[$0 % 4] }
        let isWhole = payload.count == length
        if opcode < 8 {
            try readText(payload, isWhole: isWhole, isFinal: isFinal)
        } else if isWhole {
            try readControl(opcode, payload)
        }
        guard isWhole else { return false }
        offset += keyAt + 4 + length
        return opcode != 8
    }

    private mutating func readText(
        _ payload: [UInt8],
        isWhole: Bool,
        isFinal: Bool
    ) throws(FrameError) {
        let text = (message ?? []) + payload
        if isWhole && isFinal {
            guard isUTF8(text) else { throw .invalidText }
            events.append(.text(text))
            message = nil
        } else {
            guard isBeginningOfUTF8(text) else { throw .invalidText }
            if isWhole { message = text }
        }
    }

    private mutating func readControl(_ opcode: UInt8, _ payload: [UInt8]) throws(FrameError) {
        switch opcode {
        case 9: events.append(.ping(payload))
        case 10: events.append(.pong(payload))
        default:
            guard payload.count != 1 else { throw .truncatedCloseCode }
            guard payload.count > 1 else { return events.append(.close(nil, [])) }
            let code = UInt16(payload[0]) * 256 + UInt16(payload[1])
            guard CloseCode(rawValue: code).isValidOnWire else { throw .invalidCloseCode }
            guard isUTF8(Array(payload[2...])) else { throw .invalidCloseReason }
            events.append(.close(code, Array(payload[2...])))
        }
    }
}

/// Whether the standard library accepts the bytes as UTF-8.
func isUTF8(_ bytes: [UInt8]) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil
}

/// Whether the bytes are UTF-8, or would be with more of them. A second byte is allowed to be 0x80
/// or 0xBF after any first one, and a third and a fourth always to be 0x80.
func isBeginningOfUTF8(_ bytes: [UInt8]) -> Bool {
    let endings: [[UInt8]] = [
        [], [0x80], [0xBF], [0x80, 0x80], [0xBF, 0x80], [0x80, 0x80, 0x80], [0xBF, 0x80, 0x80],
    ]
    return endings.contains { isUTF8(bytes + $0) }
}
