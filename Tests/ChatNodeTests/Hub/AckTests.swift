import TestSupport
import Testing

@testable import ChatNode

/// A node acknowledges numbered messages over real sockets.
@Suite struct AckTests {
    @Test func `a number said again is acknowledged with what the node still knows of it`()
        async throws
    {
        try await TestServer.run(["message-rate": "0"]) { (server) async throws in
            let client = try RoomClient(port: server.port, name: "Ada")
            func ack(of n: Int) throws -> String {
                try client.say("\(n)", n: n)
                return try client.hearAck(of: n)
            }
            let first = try ack(of: 1)
            let second = try ack(of: 2)
            let form = /(.*),"seq":(\d),"ts":\d{13}}/
            let parts = try [first, second].map { try #require($0.wholeMatch(of: form)).output }
            #expect(parts.map(\.2) == ["1", "2"])
            // The node knows the place of the newest number, and of an older one only the id.
            #expect(try ack(of: 2) == parts[1].1 + #","seq":2,"dup":true}"#)
            #expect(try ack(of: 1) == parts[0].1 + #","dup":true}"#)
        }
    }
}
