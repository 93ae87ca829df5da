import TestSupport
import Testing

@testable import ChatNode

/// A client that holds a name logs in with another one, over real sockets.
@Suite struct NameChangeTests {
    @Test(arguments: ["plain", "chat.v1"])
    func `the former name is free, and messages go out under the new one`(dialect: String)
        async throws
    {
        try await TestServer.run { (server) async throws in
            let listener = try server.connect()
            let client = try server.connect(speaking: dialect)
            try client.login("Ada")
            try client.login("Eve")
            let other = try server.connect("Ada")
            try other.chat("1", as: "Ada")
            #expect(try listener.hear().contains(#""username":"Ada","value":1,"#))
            try client.chat("2", as: "Eve")
            #expect(try listener.hear().contains(#""username":"Eve","value":2,"#))
            try client.chat("3", as: "Ada")
            _ = try client.hearText { $0.contains(#""code":"wrong_username""#) }
        }
    }

    @Test(arguments: ["plain", "chat.v1"])
    func `the former name is kept if the new one is held by another client`(dialect: String)
        async throws
    {
        try await TestServer.run { (server) async throws in
            let listener = try server.connect()
            let bob = try server.connect("Bob")
            let client = try server.connect(speaking: dialect)
            try client.login("Ada")
            try client.say(#"{"type":"login","username":"Bob"}"#)
            let answer = try client.hear()
            #expect(answer.hasPrefix(#"{"type":"login_failure","username":"Bob","value":"taken","#))
            try client.chat("1", as: "Ada")
            #expect(try listener.hear().contains(#""username":"Ada","value":1,"#))
            try bob.chat("2", as: "Bob")
            #expect(try listener.hear().contains(#""username":"Bob","value":2,"#))
            #expect(throws: Unexpected.self) { try server.connect("Ada") }
        }
    }
}
