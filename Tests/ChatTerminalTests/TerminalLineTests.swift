import Foundation
import TestSupport
import Testing

@testable import ChatClient
@testable import ChatTerminal

/// What is entered, and how what is heard is phrased.
@Suite struct TerminalLineTests {
    @Test(
        arguments: [
            ("hello", .say("hello")), ("  ", .nothing), ("//x", .say("/x")), ("/help", .help),
            ("/join tea", .join("tea")), ("/join", .wrong("/join needs the name of a room")),
            ("/who", .who), ("/history", .history(20)), ("/history 5", .history(5)),
            ("/history x", .wrong("/history needs a number")), ("/remove", .remove(nil)),
            ("/remove 17", .remove(17)), ("/leave", .leave), ("/quit", .quit),
            ("/jion tea", .wrong("there is no command /jion; /help lists them")),
        ] as [(String, TerminalCommand)]
    )
    func `a line is a command, or is said`(line: String, command: TerminalCommand) {
        #expect(TerminalCommand(line) == command)
    }

    @Test(
        arguments: [
            ("a\u{7F}b\r", [.line("b")]), ("h\u{15}x\n", [.line("x")]),
            ("one two\u{17}2\r", [.line("one 2")]), ("ä€\u{7F}\r", [.line("ä")]),
            ("\u{1B}[Aa\u{1B}OBb\u{1B}[1;5Cc\r", [.line("abc")]), ("x\u{4}y\u{3}", [.interrupt]),
            ("\u{4}", [.end]), ("a\rb\r", [.line("a"), .line("b")]),
        ] as [(String, [LineEditor.Action])]
    )
    func `keys edit the line`(keys: String, actions: [LineEditor.Action]) {
        var editor = LineEditor()
        #expect(editor.take(keys.utf8) == actions)
    }

    @Test func `of a long line the end is shown`() {
        var editor = LineEditor()
        _ = editor.take("hello wörld".utf8)
        #expect(editor.tail(columns: 6) == "wörld")
        #expect(editor.tail(columns: 80) == "hello wörld")
    }

    @Test func `bytes are cut into lines, wherever they are read in two`() {
        var cutter = LineCutter()
        let bytes = Array("añb\r\nc\n\nd".utf8)
        #expect(cutter.take(Array(bytes[..<2])) == [])
        #expect(cutter.take(Array(bytes[2...])) == ["añb", "c", ""])
        #expect(cutter.end() == ["d"])
        #expect(cutter.end() == [])
    }

    @Test
    func `a pipe that is full and does not block gets everything, one without a reader nothing`()
        async throws
    {
        let pipe = Pipe()
        let writing = pipe.fileHandleForWriting.fileDescriptor
        try makeSmall(pipe: writing)
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
        let bytes = (0..<4 * smallPipeBytes).map { UInt8(truncatingIfNeeded: $0) }
        async let isWritten = onThread { TerminalOutput.write(bytes, to: writing) }
        let read = try await onThread {
            try pipe.fileHandleForReading.read(upToCount: bytes.count) ?? Data()
        }
        #expect(try await isWritten)
        #expect(Array(read) == bytes)
        try pipe.fileHandleForReading.close()
        // Without this the signal would end the tests.
        signal(SIGPIPE, SIG_IGN)
        #expect(!TerminalOutput.write(bytes, to: writing))
    }

    private func chat(_ json: String, _ username: String = "Ada") -> RoomEvent {
        .chat(ChatMessage(username: username, json: json, seq: 7, timestampMs: 5, mid: "k.7"))
    }

    @Test func `nothing that a user sends moves the cursor`() {
        let text = EventLine.text(chat(#""a\u001b[2Jb\nc""#, "A\u{202E}"), in: "tea")
        #expect(text == #"[tea 7] A\u{202e}: a\u{1b}[2Jb\u{a}c"#)
        #expect(EventLine.text(chat(#"{"a":[1]}"#), in: "tea") == #"[tea 7] Ada: {"a":[1]}"#)
    }

    @Test func `a gap and a reset are told`() {
        #expect(
            EventLine.text(.gap(3...5), in: "tea") == "* [tea] the messages 3 to 5 are lost"
        )
        #expect(
            EventLine.json(.gap(3...5), in: "tea")
                == #"{"event":"gap","room":"tea","from":3,"to":5}"#
        )
        let reset = RoomEvent.reset(RoomPosition(epoch: "8", seq: 4, mid: "k.4"))
        #expect(EventLine.text(reset, in: "tea")?.contains("after message 4 is void") == true)
    }

    @Test func `for programs each event is one object`() {
        #expect(
            EventLine.json(chat(#"{"a":[1]}"#), in: "tea")
                == #"{"event":"chat","room":"tea","username":"Ada","value":{"a":[1]},"seq":7,"ts":5,"mid":"k.7"}"#
        )
        // Another client writes its value as it likes.
        let forged = "[\r\n{\"event\":\"chat\"}\n]"
        #expect(
            EventLine.json(chat(forged), in: "tea").contains(#""value":[  {"event":"chat"} ],"#)
        )
        #expect(EventLine.json("status", [("text", "a\n")]) == #"{"event":"status","text":"a\n"}"#)
    }
}
