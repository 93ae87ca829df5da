import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// A node refuses requests of `chat.v1` clients over real sockets, each with its error code.
@Suite struct RefusalTests {
    private let flags = ["loops": "2", "message-rate": "0", "byte-rate": "0"]

    /// Returns the end of an error's text: its code and what follows that.
    private func refusal(of text: String, to client: RoomClient) throws -> String {
        try client.socket.say(text)
        let answer = try client.hear()
        guard answer.hasPrefix(#"{"type":"error","#), let code = answer.firstRange(of: #""code":"#)
        else { throw Unexpected(answer) }
        return String(answer[code.lowerBound...])
    }

    @Test(arguments: [
        ("not json", #""code":"bad_json"}"#),
        (#"{"type":"ping""#, #""code":"bad_json"}"#),
        (#"{"type":"ping"}{"type":"ping"}"#, #""code":"bad_json"}"#),
        (nested(33), #""code":"bad_json"}"#),
        (#"{"type":"dance","id":"m1"}"#, #""code":"unknown_type","id":"m1"}"#),
        (#"{"type":"joined"}"#, #""code":"unknown_type"}"#),
        ("{}", #""code":"unknown_type"}"#),
        (#"{"type":"join","room":""}"#, #""code":"bad_name","room":""}"#),
        (#"{"type":"join","room":"Tea"}"#, #""code":"bad_name","room":"Tea"}"#),
        (#"{"type":"leave","room":"a b"}"#, #""code":"bad_name","room":"a b"}"#),
        (#"{"type":"history","room":"a/b"}"#, #""code":"bad_name","room":"a/b"}"#),
        (#"{"type":"chat","value":1,"n":1,"room":"é"}"#, #""code":"bad_name","room":"é","n":1}"#),
    ])
    func `what cannot be read is answered with its code, and the next message is taken`(
        text: String,
        code: String
    ) async throws {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port, name: "Ada")
            let answer = try refusal(of: text, to: client)
            #expect(answer == code)
            try client.say("1", n: 1)
            _ = try client.hearAck(of: 1)
        }
    }

    @Test func `a message nested as deeply as allowed is taken`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port, name: "Ada")
            try client.socket.say(Self.nested(32))
            _ = try client.hearAck(of: 1)
        }
    }

    /// Returns a chat whose deepest value stands on a level; the message itself is the first one.
    private static func nested(_ levels: Int) -> String {
        let (open, close) = (
            String(repeating: "[", count: levels - 1), String(repeating: "]", count: levels - 1)
        )
        return #"{"type":"chat","n":1,"value":\#(open)\#(close)}"#
    }

    @Test func `a malformed message is answered with bad_message, and the next one is taken`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port, name: "Ada")
            for text in [
                "[]", #"{"type":"chat","value":1,"value":2}"#, #"{"type":"chat","n":0}"#,
                #"{"type":"join","room":7}"#, #"{"type":"login"}"#, #"{"type":7}"#,
            ] {
                let code = try refusal(of: text, to: client)
                #expect(code.hasPrefix(#""code":"bad_message""#), "\(text): \(code)")
            }
            try client.say("1", n: 1)
            _ = try client.hearAck(of: 1)
        }
    }

    @Test func `a login that numbers its messages, or does not, is refused the other kind`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let listener = try server.connect()
            let ada = try RoomClient(port: server.port, name: "Ada")
            let unnumbered = #"{"type":"chat","value":2,"id":"x"}"#
            try ada.say("1", n: 1)
            _ = try ada.hearAck(of: 1)
            #expect(
                try refusal(of: unnumbered, to: ada) == #""code":"bad_message","id":"x"}"#
            )
            try ada.say("3", n: 2)
            _ = try ada.hearAck(of: 2)
            let bob = try RoomClient(port: server.port, name: "Bob")
            try bob.socket.say(#"{"type":"chat","value":4,"id":"y"}"#)
            #expect(try bob.hear().hasPrefix(#"{"type":"ack","id":"y","#))
            let numbered = #"{"type":"chat","value":5,"n":1}"#
            #expect(try refusal(of: numbered, to: bob) == #""code":"bad_message","n":1}"#)
            try bob.socket.say(#"{"type":"chat","value":6,"id":"z"}"#)
            #expect(try bob.hear().hasPrefix(#"{"type":"ack","id":"z","#))
            // The refused messages are in no room.
            for value in [1, 3, 4, 6] {
                #expect(try listener.hear().contains(#","value":\#(value),"#))
            }
        }
    }

    @Test func `a message in a name that the socket does not hold is answered with wrong_username`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let bob = try RoomClient(port: server.port, name: "Bob")
            let ada = try RoomClient(port: server.port, name: "Ada")
            let text = #"{"type":"chat","username":"Bob","value":1,"n":1}"#
            #expect(try refusal(of: text, to: ada) == #""code":"wrong_username","n":1}"#)
            #expect(
                try refusal(of: #"{"type":"logout","username":"Bob"}"#, to: ada)
                    == #""code":"wrong_username"}"#
            )
            // The number is not used, and the name is still Bob's.
            try ada.say("1", n: 1)
            _ = try ada.hearAck(of: 1)
            try bob.say("1", n: 1)
            _ = try bob.hearAck(of: 1)
        }
    }

    @Test func `what needs a login is answered with not_logged_in before one, and after a logout`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port)
            let place = try RoomClient.Place(client.join()[0])
            let chat = #"{"type":"chat","value":1,"n":1}"#
            let remove = #"{"type":"remove","seq":1,"mid":"\#(place.mid)","id":"x"}"#
            func expectRefused() throws {
                #expect(try refusal(of: chat, to: client) == #""code":"not_logged_in","n":1}"#)
                #expect(
                    try refusal(of: remove, to: client) == #""code":"not_logged_in","id":"x"}"#
                )
            }
            try expectRefused()
            try client.socket.login("Ada")
            try client.socket.say(#"{"type":"logout"}"#)
            while try !client.hear().contains(#""type":"logged_out""#) {}
            try expectRefused()
        }
    }

    @Test func `a client's 65th room is answered with too_long, until it leaves another`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let rooms = (0...Limits.roomsPerClient).map { "r\($0)" }
            // A client begins ten rooms at once.
            for start in stride(from: 0, to: rooms.count, by: 10) {
                let other = try RoomClient(port: server.port)
                for room in rooms[start...].prefix(10) {
                    try other.socket.say(#"{"type":"join","room":"\#(room)"}"#)
                    #expect(try other.hear().hasPrefix(#"{"type":"joined""#))
                    #expect(try other.hear().hasPrefix(#"{"type":"synced""#))
                }
            }
            let client = try RoomClient(port: server.port)
            for room in rooms.dropLast() {
                try client.socket.say(#"{"type":"join","room":"\#(room)"}"#)
                #expect(try client.hear().hasPrefix(#"{"type":"joined""#))
                #expect(try client.hear().hasPrefix(#"{"type":"synced""#))
            }
            let last = #"{"type":"join","room":"\#(rooms[Limits.roomsPerClient])"}"#
            // It has joined as often as it may at once.
            var answer = ""
            try await eventually("it may join again") {
                answer = try refusal(of: last, to: client)
                return !answer.contains("rate_limited")
            }
            #expect(answer == #""code":"too_long","room":"r64"}"#)
            try client.socket.say(#"{"type":"leave","room":"r0"}"#)
            try await eventually("it is in its 65th room") {
                try client.socket.say(last)
                return try client.hear().hasPrefix(#"{"type":"joined","room":"r64","#)
            }
        }
    }
}
