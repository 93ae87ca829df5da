import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

@Suite struct LogTests {
    private static let noon = WallTime(milliseconds: 1_769_850_307_042)

    /// Returns the lines that one logger has written, one event after the other.
    private func lines(
        _ style: Log.Style,
        level: Logger.Level = .trace,
        _ body: (inout Logger) -> Void
    ) throws -> [String] {
        let written = Mutex<[UInt8]>([])
        var logger = Logger(label: "chatnode.test") {
            LineLogHandler(label: $0, style: style, level: level, now: { Self.noon }) { line in
                written.withLock { $0 += line }
            }
        }
        body(&logger)
        let text = String(decoding: written.withLock { $0 }, as: UTF8.self)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            "\(line)"
        )
    }

    @Test func `a JSON line has the time, the level, the logger, the message and the fields`()
        throws
    {
        let lines = try lines(.json) { logger in
            logger[metadataKey: "node"] = "n1"
            logger.warning(
                "client too slow",
                metadata: [
                    "queued": .stringConvertible(65_536), "late": .stringConvertible(true),
                    "ratio": .stringConvertible(0.5), "rooms": ["a", "b"], "peer": ["ip": "::1"],
                ]
            )
        }
        #expect(
            lines == [
                #"{"time":"2026-01-31T09:05:07.042Z","level":"warning","logger":"chatnode.test","#
                    + #""message":"client too slow","late":true,"node":"n1","peer":{"ip":"::1"},"#
                    + #""queued":65536,"ratio":0.5,"rooms":["a","b"]}"#
            ]
        )
    }

    @Test func `a text line has the local time, the level, the message and the fields`() throws {
        let lines = try lines(.text(colour: false, utcOffset: 3600)) { logger in
            logger.info(
                "node ready",
                metadata: ["port": "4567", "label": "a b", "quote": "x\"y", "none": ""]
            )
            logger.critical("gone")
        }
        #expect(
            lines == [
                #"10:05:07.042 INFO    node ready label="a b" none="" port=4567 quote="x\"y""#,
                "10:05:07.042 CRITICAL gone",
            ]
        )
    }

    @Test func `a level is coloured only if that is wanted`() throws {
        let coloured = try lines(.text(colour: true, utcOffset: 0)) { $0.error("x") }
        #expect(coloured == ["09:05:07.042 \u{1B}[31mERROR\u{1B}[0m   x"])
        let plain = try lines(.text(colour: true, utcOffset: 0)) { $0.info("x") }
        #expect(plain == ["09:05:07.042 INFO    x"])
    }

    @Test func `the format, the terminal and NO_COLOR decide about the style`() {
        func style(_ format: LogFormat, _ terminal: Bool, _ noColour: String? = nil) -> Log.Style {
            Log.style(
                format,
                onTerminal: terminal,
                environment: noColour.map { ["NO_COLOR": $0] } ?? [:],
                utcOffset: 0
            )
        }
        #expect(style(.auto, true) == .text(colour: true, utcOffset: 0))
        #expect(style(.auto, false) == .json)
        #expect(style(.text, false) == .text(colour: false, utcOffset: 0))
        #expect(style(.json, true) == .json)
        #expect(style(.auto, true, "1") == .text(colour: false, utcOffset: 0))
        #expect(style(.auto, true, "") == .text(colour: true, utcOffset: 0))
    }

    @Test func `lines below the level are not written`() throws {
        let lines = try lines(.json, level: .info) { logger in
            logger.debug("no")
            logger.info("yes")
            logger.logLevel = .error
            logger.info("no")
        }
        #expect(lines.count == 1)
    }

    @Test func `the event's own fields win, and no field hides the line's`() throws {
        struct Broken: Error {}
        let lines = try lines(.json) { logger in
            logger[metadataKey: "room"] = "lobby"
            logger.info("x", metadata: ["room": "other", "level": "fake", "message": "fake"])
            logger.error("y", error: Broken())
        }
        let first = try object(lines[0])
        #expect(first["room"] as? String == "other")
        #expect(first["level"] as? String == "info")
        #expect(first["message"] as? String == "x")
        #expect(first["level_"] as? String == "fake")
        #expect(try object(lines[1])["error"] as? String == "Broken()")
    }

    @Test func `hostile text stays inside its line`() throws {
        let hostile =
            "a\n{\"level\":\"error\"}\r\t\0\u{1B}[2J\u{7F}\u{85}\u{9B}\u{2028}\u{202E}\\\u{E0001}é😀"
        let json = try lines(.json) { $0.info("\(hostile)", metadata: ["name": "\(hostile)"]) }
        #expect(json.count == 1)
        #expect(try object(json[0])["message"] as? String == hostile)
        #expect(try object(json[0])["name"] as? String == hostile)
        #expect(!json[0].unicodeScalars.contains { $0.isUnprintable })

        let text = try lines(.text(colour: false, utcOffset: 0)) { $0.info("\(hostile)") }
        #expect(
            text == [
                "09:05:07.042 INFO    "
                    + #"a\u{a}{"level":"error"}\u{d}\u{9}\u{0}\u{1b}[2J\u{7f}\u{85}\u{9b}\u{2028}\u{202e}\\\u{e0001}é😀"#
            ]
        )
    }

    @Test func `a name cannot pretend to be another field`() throws {
        let text = try lines(.text(colour: false, utcOffset: 0)) {
            $0.info("x", metadata: ["name": "ada admin=true", "other": "\" admin=\"true"])
        }
        #expect(text == [#"09:05:07.042 INFO    x name="ada admin=true" other="\" admin=\"true""#])
    }

    @Test func `random text gives lines that parse and have nothing unprintable`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        for _ in 0..<500 {
            let message = Self.text(&random)
            let fields: Logger.Metadata = [
                Self.text(&random): "\(Self.text(&random))",
                "list": ["\(Self.text(&random))", ["\(Self.text(&random))": "x"]],
            ]
            let record = LogLine.Record(
                time: Self.noon,
                level: .info,
                logger: "l",
                message: message,
                fields: fields
            )
            let json = String(decoding: LogLine.json(record).dropLast(), as: UTF8.self)
            let text = String(
                decoding: LogLine.text(record, colour: false, utcOffset: 0).dropLast(),
                as: UTF8.self
            )
            for line in [json, text] {
                #expect(!line.unicodeScalars.contains { $0.isUnprintable }, "seed \(seed)")
            }
            let parsed = try object(json)
            #expect(
                Array((parsed["message"] as? String ?? "").unicodeScalars)
                    == Array(message.unicodeScalars),
                "seed \(seed)"
            )
        }
    }

    @Test func `a long line is cut so that a pipe takes it whole, and says so`() throws {
        let long = String(repeating: "\u{1}é😀", count: 100_000)
        let fields: Logger.Metadata = [
            "a": "\(long)", "b": "\(long)", "c": "\(long)", "d": "short",
            "e": .array(Array(repeating: "\(long)", count: 9)),
        ]
        let record = LogLine.Record(
            time: Self.noon,
            level: .error,
            logger: long,
            message: long,
            fields: fields
        )
        let json = LogLine.json(record)
        let text = LogLine.text(record, colour: true, utcOffset: 0)
        // The lines themselves are not shown on failure: they may be megabytes.
        for line in [json, text] {
            #expect(line.count <= LogLine.capacity)
            let hasTheShortOne = String(decoding: line, as: UTF8.self).contains("short")
            #expect(hasTheShortOne)
        }
        let textSaysSo = String(decoding: text, as: UTF8.self).hasSuffix(" …\n")
        #expect(textSaysSo)
        let parsed = try object(String(decoding: json, as: UTF8.self))
        #expect(parsed["cut"] as? Bool == true)
    }

    /// Returns random text, mostly of harmful characters.
    private static func text(_ random: inout SplitMix64) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let value: UInt32 =
                switch Int.random(in: 0...5, using: &random) {
                case 0: .random(in: 0...0x1F, using: &random)
                case 1: .random(in: 0x20...0x7F, using: &random)
                case 2: .random(in: 0x80...0xA0, using: &random)
                case 3: .random(in: 0x2000...0x206F, using: &random)
                case 4: .random(in: 0...0x10FFFF, using: &random)
                default:
                    [0x22, 0x5C, 0x7B, 0xAD, 0xFEFF, 0xE0001].randomElement(using: &random) ?? 0
                }
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}

/// Steele, Lea and Flood: "Fast splittable pseudorandom number generators", 2014.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
