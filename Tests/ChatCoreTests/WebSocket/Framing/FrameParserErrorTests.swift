import ChatCore
import Testing

/// Tests what a client must not send: each case has the code and the sentence to close with, and
/// the number of bytes after which the error is detected.
@Suite struct FrameParserErrorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let error: FrameError
        let bytes: [UInt8]
        /// The number of bytes after which the error is thrown; the bytes before are valid.
        let due: Int

        init(_ description: String, _ error: FrameError, _ bytes: [UInt8], due: Int? = nil) {
            testDescription = description
            self.error = error
            self.bytes = bytes
            self.due = due ?? bytes.count
        }
    }

    static let start = clientFrame(.text, "ab", isFinal: false)

    static let headers: [Case] = [
        Case("unmasked text", .unmaskedFrame, Frame.text("a"), due: 2),
        Case("unmasked ping", .unmaskedFrame, Frame.ping(), due: 2),
        Case("RSV1", .reservedBit, clientHeader(0xC1, length: 1, lengthBytes: 1), due: 1),
        Case("RSV2", .reservedBit, clientHeader(0xA1, length: 1, lengthBytes: 1), due: 1),
        Case("RSV3", .reservedBit, clientHeader(0x91, length: 1, lengthBytes: 1), due: 1),
        Case("RSV1 on a ping", .reservedBit, clientHeader(0xC9, length: 0, lengthBytes: 1), due: 1),
        Case(
            "a fragmented ping",
            .fragmentedControl,
            clientHeader(0x09, length: 0, lengthBytes: 1),
            due: 1
        ),
        Case(
            "a fragmented pong",
            .fragmentedControl,
            clientHeader(0x0A, length: 0, lengthBytes: 1),
            due: 1
        ),
        Case(
            "a fragmented close",
            .fragmentedControl,
            clientHeader(0x08, length: 0, lengthBytes: 1),
            due: 1
        ),
        Case(
            "a ping of 126 bytes",
            .oversizedControl,
            clientHeader(0x89, length: 126, lengthBytes: 2),
            due: 2
        ),
        Case(
            "a pong of 65,536 bytes",
            .oversizedControl,
            clientHeader(0x8A, length: 65536, lengthBytes: 8),
            due: 2
        ),
        Case(
            "a close of 126 bytes",
            .oversizedControl,
            clientHeader(0x88, length: 126, lengthBytes: 2),
            due: 2
        ),
        Case(
            "125 in two bytes",
            .malformedLength,
            clientHeader(0x81, length: 125, lengthBytes: 2),
            due: 4
        ),
        Case(
            "0 in two bytes",
            .malformedLength,
            clientHeader(0x81, length: 0, lengthBytes: 2),
            due: 4
        ),
        Case(
            "125 in eight bytes",
            .malformedLength,
            clientHeader(0x81, length: 125, lengthBytes: 8),
            due: 10
        ),
        Case(
            "65,535 in eight bytes",
            .malformedLength,
            clientHeader(0x81, length: 65535, lengthBytes: 8),
            due: 10
        ),
        Case(
            "2^63",
            .malformedLength,
            clientHeader(0x81, length: 1 << 63, lengthBytes: 8),
            due: 10
        ),
        Case(
            "2^64 - 1",
            .malformedLength,
            clientHeader(0x81, length: .max, lengthBytes: 8),
            due: 10
        ),
        Case(
            "a continuation of nothing",
            .unexpectedContinuation,
            clientFrame(.continuation, "a"),
            due: 1
        ),
        Case(
            "a continuation of a whole message",
            .unexpectedContinuation,
            clientFrame(.text, "ab") + clientFrame(.continuation, "a"),
            due: 9
        ),
        Case("text in a message", .interruptedMessage, start + clientFrame(.text, "a"), due: 9),
        Case("binary in a message", .interruptedMessage, start + clientFrame(.binary, "a"), due: 9),
        Case("binary", .binaryMessage, clientFrame(.binary, "a"), due: 1),
        Case("empty binary", .binaryMessage, clientFrame(.binary), due: 1),
        Case(
            "fragmented binary",
            .binaryMessage,
            clientFrame(.binary, "a", isFinal: false),
            due: 1
        ),
    ]

    static let limits: [Case] = [
        Case(
            "1,001 bytes",
            .messageTooBig(limitBytes: 1000),
            clientHeader(0x81, length: 1001, lengthBytes: 2),
            due: 4
        ),
        Case(
            "65,536 bytes",
            .messageTooBig(limitBytes: 1000),
            clientHeader(0x81, length: 65536, lengthBytes: 8),
            due: 10
        ),
        Case(
            "2^63 - 1 bytes",
            .messageTooBig(limitBytes: 1000),
            clientHeader(0x81, length: 1 << 63 - 1, lengthBytes: 8),
            due: 10
        ),
        Case(
            "a first fragment too big",
            .messageTooBig(limitBytes: 1000),
            clientHeader(0x01, length: 1001, lengthBytes: 2),
            due: 4
        ),
        Case(
            "fragments too big together",
            .messageTooBig(limitBytes: 1000),
            start + clientHeader(0x80, length: 999, lengthBytes: 2),
            due: 12
        ),
        Case(
            "one byte too many",
            .messageTooBig(limitBytes: 1000),
            start + clientFrame(.continuation, [UInt8](repeating: 0x61, count: 998), isFinal: false)
                + clientFrame(.ping, "p") + clientHeader(0x80, length: 1, lengthBytes: 1),
            due: 8 + 8 + 998 + 7 + 2
        ),
    ]

    static let texts: [Case] = [
        Case(
            "a bare continuation byte",
            .invalidText,
            clientFrame(.text, [0x61, 0x80, 0x61]),
            due: 8
        ),
        Case("an overlong slash", .invalidText, clientFrame(.text, [0xC0, 0xAF]), due: 7),
        Case(
            "an overlong form of three",
            .invalidText,
            clientFrame(.text, [0xE0, 0x9F, 0xBF]),
            due: 8
        ),
        Case("a surrogate", .invalidText, clientFrame(.text, [0xED, 0xA0, 0x80]), due: 8),
        Case(
            "an overlong form of four",
            .invalidText,
            clientFrame(.text, [0xF0, 0x8F, 0xBF, 0xBF]),
            due: 8
        ),
        Case("U+110000", .invalidText, clientFrame(.text, [0xF4, 0x90, 0x80, 0x80]), due: 8),
        Case("0xFF", .invalidText, clientFrame(.text, [0xFF, 0x61]), due: 7),
        Case("half a character", .invalidText, clientFrame(.text, [0x61, 0xC3])),
        Case(
            "half a character in a last fragment",
            .invalidText,
            start + clientFrame(.continuation, [0xF0, 0x9F, 0x98])
        ),
        Case(
            "half a character and an empty last fragment",
            .invalidText,
            clientFrame(.text, [0xC3], isFinal: false) + clientFrame(.continuation)
        ),
        Case(
            "a bad byte early in a fragment",
            .invalidText,
            start
                + clientFrame(
                    .continuation,
                    [0xFF] + [UInt8](repeating: 0x61, count: 50),
                    isFinal: false
                ),
            due: 15
        ),
        Case(
            "a character broken between fragments",
            .invalidText,
            clientFrame(.text, [0xE2, 0x82], isFinal: false) + clientFrame(.continuation, [0x61]),
            due: 15
        ),
    ]

    static let closes: [Case] =
        [
            Case("half a code", .truncatedCloseCode, clientFrame(.close, [0x03])),
            Case(
                "a reason not in UTF-8",
                .invalidCloseReason,
                clientFrame(.close, [0x03, 0xE8, 0xFF])
            ),
            Case(
                "a reason cut in a character",
                .invalidCloseReason,
                clientFrame(.close, [0x03, 0xE8, 0xC3])
            ),
        ]
        + [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map { code in
            Case(
                "code \(code)",
                .invalidCloseCode,
                clientFrame(.close, [UInt8(code >> 8), UInt8(code & 0xFF)])
            )
        }

    static let opcodes: [Case] = [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF].map { opcode in
        Case(
            "opcode \(opcode)",
            .reservedOpcode,
            clientHeader(0x80 | opcode, length: 0, lengthBytes: 1),
            due: 1
        )
    }

    @Test(arguments: headers + limits + texts + closes + opcodes)
    func `a broken rule ends the connection at its byte`(_ broken: Case) {
        #expect(FrameOutcome(broken.bytes).error == broken.error)
        #expect(FrameOutcome([broken.bytes[..<broken.due]]).error == broken.error)
        #expect(FrameOutcome([broken.bytes[..<(broken.due - 1)]]).error == nil)
        let bytewise = broken.bytes.indices.map { broken.bytes[$0...$0] }
        #expect(FrameOutcome(bytewise) == FrameOutcome(broken.bytes))
    }

    @Test func `after an error nothing is told and no message is under way`() {
        let bad = clientFrame(.text, "first") + clientFrame(.binary, "x")
        let outcome = FrameOutcome([
            bad[...], clientFrame(.text, "more")[...], clientFrame(.close)[...],
        ])
        #expect(
            outcome == FrameOutcome(events: [.text(Array("first".utf8))], error: .binaryMessage)
        )
    }

    @Test func `a message of exactly the limit is told`() {
        let payload = [UInt8](repeating: 0x61, count: 1000)
        let fragments =
            clientFrame(.text, Array(payload[..<400]), isFinal: false)
            + clientFrame(.continuation, Array(payload[400...]), isFinal: false)
            + clientFrame(.continuation)
        #expect(FrameOutcome(clientFrame(.text, payload)) == FrameOutcome(events: [.text(payload)]))
        #expect(FrameOutcome(fragments) == FrameOutcome(events: [.text(payload)]))
    }

    @Test func `a control frame may be longer than the limit of a message`() {
        let outcome = FrameOutcome(clientFrame(.ping, "123456"), limit: 5)
        #expect(outcome == FrameOutcome(events: [.ping(Array("123456".utf8))]))
    }

    @Test func `a masked frame from a server is an error`() {
        let outcome = FrameOutcome(clientFrame(.text, "a"), role: .client)
        #expect(outcome == FrameOutcome(events: [], error: .maskedFrame))
    }

    static let errors: [(code: UInt16, errors: [FrameError])] = [
        (
            1002,
            [
                .unmaskedFrame, .maskedFrame, .reservedBit, .reservedOpcode, .fragmentedControl,
                .oversizedControl, .unexpectedContinuation, .interruptedMessage, .malformedLength,
                .truncatedCloseCode, .invalidCloseCode,
            ]
        ),
        (1003, [.binaryMessage]),
        (1007, [.invalidText, .invalidCloseReason]),
        (1009, [.messageTooBig(limitBytes: .max)]),
    ]

    @Test(arguments: errors)
    func `every error has its close code and a sentence that fits`(
        code: UInt16,
        errors: [FrameError]
    ) {
        for error in errors {
            #expect(error.closeCode.rawValue == code)
            #expect(error.reason.utf8.count <= 123)
            #expect(error.reason.hasSuffix("."))
        }
    }

    @Test func `the sentence of a message too big says the limit`() {
        #expect(FrameError.messageTooBig(limitBytes: 16384).reason.contains("16384"))
    }

    @Test func `the codes that may travel are those of RFC 6455 and its registry`() {
        let valid = (UInt16.min...UInt16.max).filter { CloseCode(rawValue: $0).isValidOnWire }
        #expect(valid == Array(1000...1003) + Array(1007...1014) + Array(3000...4999))
    }
}
