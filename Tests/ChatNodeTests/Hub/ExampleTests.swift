import TestSupport
import Testing

@testable import ChatNode

/// Clients send the examples of `docs/protocol/examples` over real sockets.
@Suite struct ExampleTests {
    private static let flags = ["message-rate": "0"]

    @Test(arguments: ["plain", "chat.v1"])
    func `each wrong text is answered as its file says`(folder: String) async throws {
        for name in try ExampleFiles.names(in: folder + "/refused", ending: ".txt").sorted() {
            let lines = try ExampleFiles.lines("\(folder)/refused/\(name).txt")
            try await TestServer.run(Self.flags) { (server) async throws in
                let client = try server.connect(speaking: folder)
                for line in lines.dropLast() { try client.say(String(line.dropFirst(2))) }
                // The lines before the last are answered with something else.
                let answer = try client.hearText {
                    $0.hasPrefix(#"{"type":"error""#) || $0.hasPrefix(#"{"type":"login_failure""#)
                }
                #expect("< " + answer == lines.last, "\(name)")
            }
        }
    }

    @Test(arguments: [
        ("plain", "chat", #""hello""#),
        ("plain", "chat.any-value", #"{"text":"hello","at":[1.50,2e3,null]}"#),
        ("plain", "chat.no-value", "null"),
        ("plain", "chat.escaped", #""\u00e9""#),
        ("plain", "chat.unknown-keys", #""hello""#),
        ("chat.v1", "chat.lobby", #"{"text":"hello"}"#),
        ("chat.v1", "chat.id-number", #""hello""#),
        ("chat.v1", "chat.unknown-keys", #""hello""#),
    ])
    func `each chat is heard with its value as it was sent`(
        folder: String,
        name: String,
        value: String
    ) async throws {
        try await TestServer.run(Self.flags) { (server) async throws in
            let listener = try server.connect()
            let client = try server.connect(speaking: folder)
            try client.login("Ada")
            let text = try ExampleFiles.message("\(folder)/client/\(name)")
            if text.hasSuffix(#","n":2}"#) {
                try client.say(#"{"type":"chat","n":1}"#)
                _ = try listener.hear()
            }
            try client.say(text)
            let heard = try listener.hear()
            let start = #"{"type":"chat","username":"Ada","value":\#(value),"seq":"#
            #expect(heard.hasPrefix(start), "\(heard)")
        }
    }
}
