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

    @Test func `a secret works again after two answers to it were lost, one after the other`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let first = try connect(to: server)
            let secret = try first.login("Ada").session
            try first.say("1", n: 1)
            _ = try first.hearAck(of: 1)
            first.socket.socket.close()
            for _ in 1...3 {
                let next = try connect(to: server)
                // While the socket before still stands, it is told to wait. The client never learns what it is told
                // then.
                try await eventually("the secret works") {
                    guard let login = try? next.login("Ada", session: secret) else { return false }
                    return login.isResumed && login.acked == 1 && login.session != secret
                }
                next.socket.socket.close()
            }
        }
    }

    @Test func `after a logout the secret is of no use, and the name is anybody's`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let client = try connect(to: server)
            let secret = try client.login("Ada").session
            try client.say("1", n: 1)
            _ = try client.hearAck(of: 1)
            try client.socket.say(#"{"type":"logout"}"#)
            #expect(try client.hear().hasPrefix(#"{"type":"logged_out""#))
            let login = try connect(to: server).login("Ada", session: secret)
            #expect(!login.isResumed && login.acked == 0)
        }
    }

    @Test func `a login says how often the node pings, and its secret once`() async throws {
        try await TestServer.run(["ping-interval": "70s"]) { (server) async throws in
            let client = try connect(to: server)
            let login = #"{"type":"login","username":"Ada"}"#
            try client.socket.say(login)
            let first = try client.hear()
            let start = #"{"type":"logged_in","username":"Ada""#
            func rest(_ isResumed: Bool) -> String {
                #","node":"n1","resumed":\#(isResumed),"acked":0,"ping_ms":70000}"#
            }
            let secret = try #require(first.firstMatch(of: /,"session":"[0-9a-f]{32}"/)).output
            #expect(first == start + secret + rest(false))
            try client.socket.say(login)
            #expect(try client.hear() == start + rest(true))
        }
    }

    /// Tries a login with a secret, and returns the reason and what follows it in the answer, but for the
    /// sentence.
    private func failure(of secret: String, by client: RoomClient) throws -> String {
        try client.socket.say(#"{"type":"login","username":"Ada","session":"\#(secret)"}"#)
        let answer = try client.hear()
        let form =
            /^{"type":"login_failure","username":"Ada","value":("\w+"),"message":"[^"]+"(.*)}$/
        guard let parts = answer.firstMatch(of: form) else { throw Unexpected(answer) }
        return String(parts.output.1 + parts.output.2)
    }

    @Test
    func
        `the secret before is told to wait while the socket of its successor stands`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let first = try connect(to: server).login("Ada").session
            let second = try connect(to: server)
            let secret = try second.login("Ada", session: first).session
            #expect(secret != first)
            let third = try connect(to: server)
            let answer = try failure(of: first, by: third)
            #expect(answer.firstMatch(of: /^"taken","retry_ms":[1-9][0-9]*$/) != nil, "\(answer)")
            // The successor has noticed nothing.
            try second.say("1", n: 1)
            _ = try second.hearAck(of: 1)
            second.socket.socket.close()
            try await eventually("the secret before works") {
                (try? third.login("Ada", session: first))?.isResumed == true
            }
        }
    }

    @Test func `a secret that two later ones have superseded is answered with taken alone`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let first = try connect(to: server).login("Ada").session
            let second = try connect(to: server).login("Ada", session: first).session
            let third = try connect(to: server)
            _ = try third.login("Ada", session: second)
            let late = try connect(to: server)
            for _ in 1...2 { #expect(try failure(of: first, by: late) == #""taken""#) }
            // The holder has noticed nothing; nor is the secret of use once its socket is gone.
            try third.say("1", n: 1)
            _ = try third.hearAck(of: 1)
            let count = server.node.state.connections
            third.socket.socket.close()
            try await eventually("the node has noticed") { server.node.state.connections < count }
            #expect(try failure(of: first, by: late) == #""taken""#)
        }
    }
}
