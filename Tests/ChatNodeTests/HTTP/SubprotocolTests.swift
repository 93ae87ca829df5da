import TestSupport
import Testing

@testable import ChatNode

/// A client offers subprotocols in its handshake, and the node picks the one that it speaks (RFC 6455 §4.2.2).
@Suite struct SubprotocolTests {
    @Test(arguments: ["chat.v1", "graphql-ws, chat.v1", "chat.v9,\tchat.v1 , mqtt", ",,chat.v1,"])
    func `chat.v1 is selected from a list, and spoken`(offered: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestWebSocket(
                port: server.port,
                headers: ["Sec-WebSocket-Protocol: \(offered)"]
            )
            let chosen = client.answer.ranges(of: "Sec-WebSocket-Protocol: ")
            #expect(chosen.count == 1)
            #expect(client.answer.contains("\r\nSec-WebSocket-Protocol: chat.v1\r\n"))
            // The plain dialect has no `ping`.
            try client.say(#"{"type":"ping"}"#)
            #expect(try client.hear() == #"{"type":"pong"}"#)
        }
    }

    @Test func `chat.v1 is selected from the second of two fields`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestWebSocket(
                port: server.port,
                headers: ["Sec-WebSocket-Protocol: mqtt", "Sec-WebSocket-Protocol: chat.v1"]
            )
            #expect(client.answer.contains("\r\nSec-WebSocket-Protocol: chat.v1\r\n"))
        }
    }

    @Test func `an unknown subprotocol or an extension is not selected`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestWebSocket(
                port: server.port,
                headers: [
                    "Sec-WebSocket-Protocol: chat.v9, graphql-ws",
                    "Sec-WebSocket-Extensions: permessage-deflate",
                ]
            )
            #expect(!client.answer.contains("Sec-WebSocket-Protocol"))
            #expect(!client.answer.contains("Sec-WebSocket-Extensions"))
        }
    }
}
