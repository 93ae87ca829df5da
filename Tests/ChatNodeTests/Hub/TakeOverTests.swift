import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// Logins that are taken over, through sockets of a node with two loops.
@Suite struct TakeOverTests {
    private let flags = ["loops": "2", "message-rate": "0"]

    private func connect(to server: TestServer) throws -> RoomClient {
        try RoomClient(port: server.port)
    }

    @Test func `a client takes its name over, and the older socket is closed with 4001`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            var last = try connect(to: server)
            var secret = try last.login("Ada").session
            // Often enough that the two are on one loop, and on two.
            for n in 1...6 {
                try last.say("\(n)", n: n)
                _ = try last.hearAck(of: n)
                let next = try connect(to: server)
                let login = try next.login("Ada", session: secret)
                #expect(login.isResumed && login.acked == n)
                #expect(try last.hear().contains(#""reason":"replaced""#))
                #expect(try last.socket.hearClose().closeCode == 4001)
                (last, secret) = (next, login.session)
            }
            try await eventually("the metrics tell take-overs from names that were lost") {
                let text = server.metrics.scrape()
                return text.contains(#"chatnode_name_claims_total{result="resumed"} 6"#)
                    && text.contains("chatnode_names_lost_total 0")
                    && text.contains(#"{reason="replaced"} 6"#)
            }
        }
    }

    @Test func `a name lingers for as long as the setting says`() async throws {
        try await TestServer.run(flags.merging(["name-linger": "300ms"]) { $1 }) {
            (server) async throws in
            let first = try connect(to: server)
            let secret = try first.login("Ada").session
            first.socket.socket.close()
            // The node has noticed the end when the secret takes the name over without a 4001.
            let second = try connect(to: server)
            let login = try second.login("Ada", session: secret)
            #expect(login.isResumed)
            second.socket.socket.close()
            let other = try server.connect()
            try await eventually("the name is free", within: .seconds(10)) {
                try other.say(#"{"type":"login","username":"Ada"}"#)
                return try other.hear().contains("logged_in")
            }
        }
    }

    @Test func `without linger a name is free at once`() async throws {
        try await TestServer.run(flags.merging(["name-linger": "0s"]) { $1 }) {
            (server) async throws in
            let first = try connect(to: server)
            let secret = try first.login("Ada").session
            try first.say("1", n: 1)
            _ = try first.hearAck(of: 1)
            first.socket.socket.close()
            let stranger = try server.connect()
            try await eventually("the name is free", within: .seconds(5)) {
                try stranger.say(#"{"type":"login","username":"Ada"}"#)
                return try stranger.hear().contains("logged_in")
            }
            try stranger.say(#"{"type":"logout","username":"Ada"}"#)
            _ = try stranger.hear()
            let second = try connect(to: server)
            #expect(try second.login("Ada", session: secret).isResumed == false)
        }
    }
}
