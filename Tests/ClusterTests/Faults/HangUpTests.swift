import TestSupport
import Testing

extension Faults {
    /// Clients that disconnect as soon as they have sent something.
    @Suite struct HangUpTests {
        /// Counts the names that Redis holds, in the nodes' tables and as the names' records.
        private static let heldNames = """
            local held = 0
            for _, key in ipairs(redis.call('KEYS', 'chat/held/*')) do
                held = held + redis.call('HLEN', key)
            end
            for _, key in ipairs(redis.call('KEYS', 'chat/name/*')) do
                held = held + redis.call('HEXISTS', key, 'node')
            end
            return held
            """

        @Test func `a login and a hang-up at once, a thousand times, leave no name behind`()
            async throws
        {
            let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
            let holder = try cluster.connect(to: 0, "Ada")
            // One entry in the node's table and one record: so these are the right keys.
            #expect(try await cluster.redis.cli("EVAL", Self.heldNames, "0") == "2")
            try await cluster.onThread { nodes in
                for round in 0..<1000 {
                    let client = try nodes[round % nodes.count].connect()
                    // Few names, so that the end of one login meets the beginning of another, on
                    // another node.
                    try client.ask(for: "name-\(round % 20)")
                    // At every stage of the login, in good order and with a reset.
                    if round % 3 == 0 { _ = try client.outcome() }
                    if round % 2 == 0 { client.socket.reset() } else { client.socket.close() }
                }
            }
            holder.socket.close()
            // Far less than `Limits.auditInterval`, after which the audit would free the names
            // anyway.
            var left = ""
            try await eventually("no name is held") {
                left = try await cluster.redis.cli("EVAL", Self.heldNames, "0")
                return left == "0"
            }
            let granted = try await cluster.onThread { nodes in
                try (0..<20).filter { try nodes[$0 % 3].connect().attempt("name-\($0)") == nil }
            }
            #expect(granted.count == 20)
        }

        @Test func `a message sent before a hang-up arrives on the other nodes, a hundred times`()
            async throws
        {
            let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
            try await cluster.onThread { nodes in
                let listeners = try nodes.map { try $0.connect() }
                for round in 0..<100 {
                    let client = try nodes[round % nodes.count].connect()
                    let login = #"{"type":"login","username":"Ada-\#(round)"}"#
                    let chat = #"{"type":"chat","username":"Ada-\#(round)","value":\#(round)}"#
                    var frames = TestWebSocket.frame(1, Array(chat.utf8))
                    if round % 2 == 0 {
                        // Even before the answer to the login.
                        frames = TestWebSocket.frame(1, Array(login.utf8)) + frames
                    } else {
                        try client.login("Ada-\(round)")
                    }
                    if round % 4 < 2 { frames += TestWebSocket.frame(8, []) }
                    try client.socket.send(frames)
                    client.socket.close()
                    for listener in listeners {
                        let heard = try listener.hear()
                        try require(
                            heard.contains(#""username":"Ada-\#(round)","value":\#(round),"#),
                            "in round \(round), heard \(heard)"
                        )
                    }
                }
            }
        }
    }
}
