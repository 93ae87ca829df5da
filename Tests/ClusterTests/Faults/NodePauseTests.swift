import ChatCore
import Glibc
import TestSupport
import Testing

extension Faults {
    /// A process that is stopped for longer than its lease and does not know it when it continues.
    @Suite struct NodePauseTests {
        /// Runs with its connections to Redis as they were, and with all of them cut meanwhile.
        @Test(arguments: [false, true])
        func `a node stopped for too long sends nothing under a name that has passed on`(
            isCut: Bool
        ) async throws {
            // The others count the lease anew if they or Redis stand still meanwhile.
            let took = try await inOneOfThreeTries { disturbances in
                let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
                disturbances.watch(cluster.redis)
                disturbances.watch(cluster.nodes[1...])
                let redis = cluster.redis.port
                return try await cluster.onThread { try Self.stopAdasNode($0, isCut ? redis : nil) }
            }
            print("a stopped node's name was free after \(took)")
        }

        /// Stops the first node until its names have passed on, and checks what is heard of it. Cuts its
        /// connections if a port of Redis is given. Returns the time after which its names were free.
        private static func stopAdasNode(
            _ nodes: [TestNodeProcess],
            _ redis: Int?
        ) throws -> Duration {
            let clock = ContinuousClock()
            let ada = try nodes[0].connect("Ada")
            let bob = try nodes[0].connect("Bob")
            let others = try Conversation(on: nodes[1...])
            try others.goOn()
            nodes[0].process.stop()
            let stoppedAt = clock.now
            // They wait in the stopped node's socket.
            for number in 1...10 { try ada.chat("\"stale \(number)\"", as: "Ada") }
            let heir = try nodes[1].connect()
            // A node that does not answer counts as dead.
            let took = try others.goOnUntilFree("Ada", for: heir)
            try require(took > Limits.lease - Limits.renewInterval * 2, "free after \(took)")
            // More than three leases.
            try timeUntil(
                "twenty seconds are over",
                within: .seconds(21),
                every: Conversation.pace
            ) {
                try others.goOn()
                return clock.now - stoppedAt >= .seconds(20)
            }
            if let redis { try cutConnections(of: nodes[0], to: redis) }
            nodes[0].process.signal(SIGCONT)
            try expectNothingStale(from: ada, heir, others)
            // No other client wanted Bob's name.
            try expectToSpeakAgain(bob, "Bob")
            try require(
                nodes[2].connect().attempt("Bob") == "taken",
                "Bob's name is not his after all"
            )
            return took
        }

        /// Checks that a client whose node goes on is told that its lease is lost, can go on with another name,
        /// and that what it said as its node stood still is not heard.
        private static func expectNothingStale(
            from ada: TestWebSocket,
            _ heir: TestWebSocket,
            _ others: Conversation
        ) throws {
            var heard = try ada.hear(until: #""type":"logged_out""#)
            try require(heard.last?.contains(#""reason":"lease_lost""#) == true, "\(heard)")
            try requireAlways(!heard.contains { isStale($0) }, "\(heard.filter(isStale))")

            // The socket can be used as before.
            try timeUntil("Ada has another name") { try ada.attempt("Ada-2") == nil }
            try timeUntil("Ada is heard again") { try ada.isHeard(saying: "hello", as: "Ada-2") }
            try require(heir.isHeard(saying: "mine", as: "Ada"), "the heir is not heard")
            heard = try others.hear(until: "\"mine\"")
            try requireAlways(!heard.contains { isStale($0) }, "\(heard.filter(isStale))")
        }

        @Test
        func `a client of chat.v1 on a node stopped for too long is told that its lease is lost`()
            async throws
        {
            // The other node counts the lease anew if it or Redis stands still meanwhile.
            try await inOneOfThreeTries { disturbances in
                let cluster = try await TestCluster.start(nodes: 2, flags: ["--message-rate", "0"])
                disturbances.watch(cluster.redis)
                disturbances.watch(cluster.nodes[1...])
                try await cluster.onThread(Self.stopNodeOfRoom)
            }
        }

        private static func stopNodeOfRoom(_ nodes: [TestNodeProcess]) throws {
            let listener = try RoomClient(port: nodes[1].port, room: "a")
            try listener.join()
            let ada = try RoomClient(port: nodes[0].port, room: "a")
            let secret = try ada.login("Ada").session
            try ada.say("1", n: 1)
            _ = try ada.hearAck(of: 1)
            nodes[0].process.stop()
            // It waits in the stopped node's socket.
            try ada.say("\"stale\"", n: 2)
            let heir = try RoomClient(port: nodes[1].port, room: "a")
            // A node that does not answer counts as dead.
            try timeUntil(
                "Ada's name is free",
                within: Limits.lease + .seconds(2) + .seconds(2)
            ) {
                (try? heir.login("Ada")) != nil
            }
            nodes[0].process.signal(SIGCONT)
            let heard = try ada.socket.hear(until: #""type":"logged_out""#)
            let lost =
                #"{"type":"logged_out","username":"Ada","value":true,"reason":"lease_lost"}"#
            try require(heard.last == lost, "\(heard)")
            try requireAlways(!heard.contains { $0.contains(#""type":"ack""#) }, "\(heard)")
            // The socket stands, and the secret is of no use any more.
            var answer = ""
            // A node that cannot prove its lease yet says "unavailable".
            try timeUntil("the secret is refused") {
                try ada.socket.say(
                    #"{"type":"login","username":"Ada","session":"\#(secret)"}"#
                )
                answer = try ada.socket.hearText { $0.contains(#""login_failure""#) }
                return !answer.contains(#""value":"unavailable""#)
            }
            try require(answer.contains(#""value":"taken""#), answer)
            try ada.socket.say(#"{"type":"login","username":"Ada-2"}"#)
            _ = try ada.socket.hearText { $0.hasPrefix(#"{"type":"logged_in""#) }
            try heir.say("2", n: 1)
            try listener.hear(upTo: 2)
            try require(listener.values == ["1", "2"], "\(listener.values)")
        }

        /// Cuts a node's connections, as Redis does to a client that does not read, and a network
        /// to one that it has forgotten.
        private static func cutConnections(of node: TestNodeProcess, to redis: Int) throws {
            let socket = try TestSocket(port: redis)
            func ask(_ command: String) throws -> String {
                try socket.send(command + "\r\n")
                return try socket.read(through: "\r\n")
            }
            let length = Int(try ask("CLIENT LIST").dropFirst().dropLast(1)) ?? 0
            let list = String(decoding: try socket.read(length + 2), as: UTF8.self)
            let lines = list.split(separator: "\n").filter {
                $0.contains(" name=chatnode-\(node.label)-")
            }
            // One for each loop, one for its registration, and the subscription.
            try require(lines.count >= 3, list)
            for line in lines {
                let id = line.dropFirst("id=".count).prefix { $0 != " " }
                try require(ask("CLIENT KILL ID \(id)") == ":1\r\n", "not cut: \(line)")
            }
        }

        private static func isStale(_ text: String) -> Bool {
            text.contains(#""type":"chat""#) && text.contains("stale")
        }

        /// Checks that a client still has its name, or is told that it has not and can claim it
        /// again.
        private static func expectToSpeakAgain(_ client: TestWebSocket, _ name: String) throws {
            try timeUntil("\(name) is heard again") {
                try client.chat(#""again""#, as: name)
                let answer = try client.hearText {
                    $0.contains(#""again""#) || $0.contains(#""type":"error""#)
                        || $0.contains(#""type":"logged_out""#)
                }
                if answer.contains(#""type":"logged_out""#) { _ = try client.attempt(name) }
                return answer.contains(#""type":"chat""#)
            }
        }
    }
}
