/// Parses the bytes of a WebSocket into messages, and enforces every MUST of RFC 6455.
///
/// However the bytes are split on arrival, the sink receives the same messages and the same error.
/// A message within one input buffer is unmasked in place and handed out as a part of that buffer,
/// without a copy or an allocation; only a message that is split is collected. Nothing is kept
/// between messages, so for an idle connection the parser takes only its own 56 bytes.
///
/// On: the connection's loop.
public struct FrameParser {
    /// The parser's side of the connection.
    public enum Role: Sendable {
        /// Reads a client's frames, which are masked.
        case server
        /// Reads a server's frames, which are not masked.
        case client
    }

    /// The part of a frame to which the next byte belongs.
    private enum Phase {
        /// FIN, the reserved bits and the opcode.
        case firstByte
        /// The mask bit and the short length.
        case secondByte
        case length16
        case length64
        case maskingKey
        case payload
        /// No part: after a close frame, an error, or `false` from the sink.
        case finished
    }

    private let role: Role
    private let maxMessageBytes: Int

    private var phase = Phase.firstByte
    private var opcode = Opcode.continuation
    private var isFinal = false
    /// Whether a fragmented message has begun and its last fragment has not.
    private var isFragmented = false
    private var text = UTF8Validator()
    /// The bytes of the extended length or of the masking key that are still to come.
    private var headerBytesLeft = 0 as UInt8
    /// While the length is read, its value so far; then the bytes of the payload that are still to
    /// come.
    private var payloadBytesLeft = 0 as UInt64
    private var key = MaskingKey(0)
    /// The bytes collected of a message, and then of a control frame between its fragments.
    private var collected: [UInt8] = []
    private var collectedControl: [UInt8] = []

    /// Makes a parser for the start of a connection. A message, all its fragments together, may
    /// have `maxMessageBytes`.
    public init(_ role: Role, maxMessageBytes: Int = Limits.messageBytes) {
        self.role = role
        self.maxMessageBytes = maxMessageBytes
    }

    /// Whether a frame or a fragmented message has begun and is not complete, so that its time
    /// limit is running. False once the parser is finished.
    public var isMidMessage: Bool {
        phase != .finished && (phase != .firstByte || isFragmented)
    }

    /// Takes the next bytes of the connection, unmasks them in place, and calls the sink for every
    /// message and control frame that they complete.
    ///
    /// Fails: at the first byte that breaks a rule, after the sink was called for everything
    /// complete before it. After an error, a close frame, or `false` from the sink the parser is
    /// finished: it discards, silently, the rest and all later input.
    public mutating func consume(
        _ bytes: inout MutableRawSpan,
        into sink: some FrameSink
    ) throws(FrameError) {
        do {
            try read(&bytes, into: sink)
        } catch {
            finish()
            throw error
        }
    }

    private mutating func read(
        _ bytes: inout MutableRawSpan,
        into sink: some FrameSink
    ) throws(FrameError) {
        var offset = 0
        while phase != .finished {
            // An empty payload is complete with its header.
            if phase == .payload && (offset < bytes.byteCount || payloadBytesLeft == 0) {
                let count = Int(min(payloadBytesLeft, UInt64(bytes.byteCount - offset)))
                payloadBytesLeft -= UInt64(count)
                let range = offset..<offset + count
                offset = range.upperBound
                if role == .server { key.apply(to: &bytes, in: range) }
                try readPayload(bytes.bytes.extracting(range), into: sink)
            } else if phase == .maskingKey && headerBytesLeft == 4 && bytes.byteCount - offset >= 4
            {
                // A shortcut for a key that is not split; otherwise it is read byte by byte below.
                let bits = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
                key = MaskingKey(UInt32(littleEndian: bits))
                offset += 4
                phase = .payload
            } else if offset < bytes.byteCount {
                let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                offset += 1
                try readHeader(byte)
            } else {
                return
            }
        }
    }

    private mutating func finish() {
        phase = .finished
        collected = []
        collectedControl = []
    }
}

// MARK: - Header

extension FrameParser {
    private mutating func readHeader(_ byte: UInt8) throws(FrameError) {
        switch phase {
        case .firstByte:
            try readFirst(byte)
        case .secondByte:
            try readSecond(byte)
        case .length16, .length64:
            payloadBytesLeft = payloadBytesLeft << 8 | UInt64(byte)
            headerBytesLeft -= 1
            guard headerBytesLeft == 0 else { return }
            try checkExtendedLength()
            try endLength()
        case .maskingKey:
            key.read(byte)
            headerBytesLeft -= 1
            if headerBytesLeft == 0 { phase = .payload }
        case .payload, .finished:
            preconditionFailure("not in a header")
        }
    }

    private mutating func readFirst(_ byte: UInt8) throws(FrameError) {
        guard byte & 0x70 == 0 else { throw .reservedBit }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else { throw .reservedOpcode }
        self.opcode = opcode
        isFinal = byte & 0x80 != 0
        switch opcode {
        case .close, .ping, .pong:
            guard isFinal else { throw .fragmentedControl }
        case .continuation:
            guard isFragmented else { throw .unexpectedContinuation }
        case .text, .binary:
            guard !isFragmented else { throw .interruptedMessage }
            guard opcode == .text else { throw .binaryMessage }
            isFragmented = !isFinal
        }
        phase = .secondByte
    }

    private mutating func readSecond(_ byte: UInt8) throws(FrameError) {
        let isMasked = byte & 0x80 != 0
        switch role {
        case .server: guard isMasked else { throw .unmaskedFrame }
        case .client: guard !isMasked else { throw .maskedFrame }
        }
        let length = byte & 0x7F
        guard !opcode.isControl || length <= Opcode.controlPayloadBytes else {
            throw .oversizedControl
        }
        switch length {
        case 126:
            (phase, headerBytesLeft, payloadBytesLeft) = (.length16, 2, 0)
        case 127:
            (phase, headerBytesLeft, payloadBytesLeft) = (.length64, 8, 0)
        default:
            payloadBytesLeft = UInt64(length)
            try endLength()
        }
    }

    private func checkExtendedLength() throws(FrameError) {
        let lengths: ClosedRange<UInt64> =
            phase == .length16 ? 126...0xFFFF : 0x1_0000...UInt64(Int64.max)
        guard lengths.contains(payloadBytesLeft) else { throw .malformedLength }
    }

    /// Checks the limit, which applies before any byte of the payload is read or kept.
    private mutating func endLength() throws(FrameError) {
        guard
            opcode.isControl || payloadBytesLeft <= UInt64(maxMessageBytes - collected.count)
        else { throw .messageTooBig(limitBytes: maxMessageBytes) }
        switch role {
        case .server: (phase, headerBytesLeft) = (.maskingKey, 4)
        case .client: phase = .payload
        }
    }
}

// MARK: - Payload

extension FrameParser {
    private mutating func readPayload(
        _ part: RawSpan,
        into sink: some FrameSink
    ) throws(FrameError) {
        let isComplete = payloadBytesLeft == 0
        if isComplete { phase = .firstByte }
        if opcode.isControl {
            try readControl(part, isComplete: isComplete, into: sink)
        } else {
            try readText(part, isComplete: isComplete && isFinal, into: sink)
        }
    }

    private mutating func readText(
        _ part: RawSpan,
        isComplete: Bool,
        into sink: some FrameSink
    ) throws(FrameError) {
        guard text.accept(part) else { throw .invalidText }
        guard isComplete else { return collected.append(part) }
        guard text.isAtBoundary else { throw .invalidText }
        isFragmented = false
        guard collected.isEmpty else {
            collected.append(part)
            let message = collected
            collected = []
            return go(on: sink.text(message.span.bytes))
        }
        go(on: sink.text(part))
    }

    private mutating func readControl(
        _ part: RawSpan,
        isComplete: Bool,
        into sink: some FrameSink
    ) throws(FrameError) {
        guard isComplete else { return collectedControl.append(part) }
        guard collectedControl.isEmpty else {
            collectedControl.append(part)
            let payload = collectedControl
            collectedControl = []
            return try tell(payload.span.bytes, to: sink)
        }
        try tell(part, to: sink)
    }

    private mutating func tell(
        _ control: RawSpan,
        to sink: some FrameSink
    ) throws(FrameError) {
        switch opcode {
        case .ping: go(on: sink.ping(control))
        case .pong: go(on: sink.pong(control))
        default: try tellClose(control, to: sink)
        }
    }

    private mutating func tellClose(
        _ payload: RawSpan,
        to sink: some FrameSink
    ) throws(FrameError) {
        finish()
        guard !payload.isEmpty else { return sink.close(nil, payload) }
        guard payload.byteCount >= 2 else { throw .truncatedCloseCode }
        let code = CloseCode(
            rawValue: UInt16(bigEndian: payload.unsafeLoadUnaligned(as: UInt16.self))
        )
        guard code.isValidOnWire else { throw .invalidCloseCode }
        let reason = payload.extracting(droppingFirst: 2)
        guard UTF8Validator.isValid(reason) else { throw .invalidCloseReason }
        sink.close(code, reason)
    }

    private mutating func go(on wanted: Bool) {
        if !wanted { finish() }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ part: RawSpan) {
        part.withUnsafeBytes { append(contentsOf: $0) }
    }
}
