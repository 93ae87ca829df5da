import ChatCore
import Testing

@Suite struct RoomNameTests {
    @Test(arguments: ["lobby", "a", "0", "-", "_", ".", "a-b_c.d-0123456789", "swift.server"])
    func `a room's name is kept as it is`(_ text: String) throws {
        #expect(try RoomName(text).text == text)
    }

    @Test func `the lobby's name is an ordinary one`() throws {
        #expect(try RoomName("lobby") == RoomName.lobby)
        #expect(try RoomName("lobby2") != RoomName.lobby)
    }

    @Test func `64 characters are a name and 65 are too long`() throws {
        #expect(try RoomName(String(repeating: "r", count: 64)).text.utf8.count == 64)
        for count in [65, 10_240] {
            #expect(throws: RoomNameError.tooLong) {
                try RoomName(String(repeating: "r", count: count))
            }
        }
    }

    @Test func `an empty text is no room's name`() {
        #expect(throws: RoomNameError.empty) { try RoomName("") }
    }

    @Test func `every other character is refused`() {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-_.".unicodeScalars)
        let scalars =
            (UInt32(0)...0x2FF).compactMap { Unicode.Scalar($0) } + ["\u{FF41}", "\u{1F600}"]
        for scalar in scalars where !allowed.contains(scalar) {
            #expect(throws: RoomNameError.forbiddenCharacter(scalar)) {
                try RoomName("a" + String(scalar))
            }
        }
        for scalar in allowed {
            #expect(throws: Never.self) { try RoomName(String(scalar)) }
        }
    }

    @Test func `a reason's sentence never holds a character of the name`() {
        let message = RoomNameError.forbiddenCharacter("\u{202E}").message
        #expect(message.unicodeScalars.allSatisfy { $0.isASCII && $0 >= " " })
        #expect(message.contains("U+202E"))
    }
}
