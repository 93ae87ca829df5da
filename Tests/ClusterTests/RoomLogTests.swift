import TestSupport
import Testing

/// What clients of `chat.v1` get from the rooms' logs in Redis.
@Suite struct RoomLogTests {
    private let flags = ["--message-rate", "0"]

    /// Lets a member of a room say twenty messages, each an entry of the log. Returns the member, and where it
    /// stood before.
    private func speak(
        in cluster: TestCluster
    ) throws -> (speaker: RoomClient, beginning: RoomClient.Place) {
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try speaker.join()
        let beginning = try #require(speaker.place)
        for n in 1...20 {
            try speaker.say("\(n)", n: n)
            try speaker.hear(upTo: n)
        }
        return (speaker, beginning)
    }

    @Test func `a node that did not hear the room gives what was said before`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try speaker.join()
        let beginning = try #require(speaker.place)
        for n in 1...20 { try speaker.say("\(n)", n: n) }
        try speaker.hear(upTo: 20)
        let port = cluster.nodes[1].port
        for _ in 0..<3 {
            let back = try RoomClient(port: port, room: "a")
            try back.join(since: beginning)
            #expect(back.isRecovered == true)
            #expect(back.values == speaker.values)
            let late = try RoomClient(port: port, room: "a")
            try late.join(history: 5)
            #expect(late.values == (16...20).map { "\($0)" })
            let page = try late.history(before: 16, limit: 3)
            #expect(page.hasSuffix(#","more":true}"#))
            for value in 13...15 { #expect(page.contains(#","value":\#(value),"#)) }
        }
        // A position that is not of the room's history, and one whose followers are gone.
        var wrong = beginning
        wrong.mid = "abcdefgh.0"
        let lost = try RoomClient(port: port, room: "a")
        try lost.join(since: wrong)
        #expect(lost.isRecovered == false)
        #expect(lost.values.isEmpty)
        #expect(lost.place == speaker.place)
    }

    @Test func `an epoch that a client claims is never believed`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let (speaker, beginning) = try speak(in: cluster)
        func epoch() async throws -> String {
            try await cluster.redis.cli("HGET", "chat/epoch", "epoch")
        }
        let before = try await epoch()
        var claimed = beginning
        claimed.epoch = "1000000"
        for node in cluster.nodes {
            let back = try RoomClient(port: node.port, room: "a")
            try back.join(since: claimed)
            #expect(back.isRecovered == true)
            #expect(back.values == speaker.values)
            #expect(back.place == speaker.place)
        }
        #expect(try await epoch() == before)
    }

    @Test func `what the log has no more is told, and the rest comes`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags + ["--history", "10"])
        let (_, beginning) = try speak(in: cluster)
        let back = try RoomClient(port: cluster.nodes[1].port, room: "a")
        let heard = try back.join(since: beginning)
        #expect(back.isRecovered == false)
        #expect(heard[1] == #"{"type":"gap","room":"a","from":1,"to":10}"#)
        #expect(back.values == (11...20).map { "\($0)" })
    }

    @Test func `what age has taken from the log is told, and the rest comes`() async throws {
        let cluster = try await TestCluster.start(nodes: 3, flags: flags)
        let (speaker, beginning) = try speak(in: cluster)
        // What the first message does that comes after `Limits.historyAge`.
        try await cluster.redis.cli("XTRIM", "chat/log/a", "MINID", "11")
        let back = try RoomClient(port: cluster.nodes[1].port, room: "a")
        try back.join(since: beginning)
        #expect(back.isRecovered == false)
        #expect(back.gaps == [1...10])
        #expect(back.values == (11...20).map { "\($0)" })
        try await cluster.redis.cli("XTRIM", "chat/log/a", "MAXLEN", "0")
        let late = try RoomClient(port: cluster.nodes[2].port, room: "a")
        try late.join(since: beginning)
        #expect(late.isRecovered == false)
        #expect(late.gaps == [1...20])
        let current = try RoomClient(port: cluster.nodes[2].port, room: "a")
        try current.join(since: speaker.place)
        #expect(current.isRecovered == true)
        try speaker.say("21", n: 21)
        for client in [late, current] {
            while client.place?.seq != 21 { _ = try client.hear() }
            #expect(client.values == ["21"])
            #expect(client.resets.isEmpty)
        }
    }

    @Test func `who comes back to a room that has expired is told that it begins anew`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let old = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try old.join()
        for n in 1...5 { try old.say("\(n)", n: n) }
        try old.hear(upTo: 5)
        // No node hears a room any more when it expires.
        try await cluster.kill(0)
        try await cluster.redis.cli("DEL", "chat/room/a", "chat/log/a")
        let back = try RoomClient(port: cluster.nodes[1].port, room: "a", name: "Bea")
        try back.join(since: old.place)
        #expect(back.isRecovered == false)
        #expect(back.place?.seq == 0 && back.place?.mid != old.place?.mid)
        try back.say("6", n: 1)
        try back.hear(upTo: 1)
        #expect(back.place?.seq == 1)
        #expect(back.gaps.isEmpty && back.resets.isEmpty)
    }

    @Test func `a log that cannot be read is told within two seconds, and is read when it can be`()
        async throws
    {
        let clock = ContinuousClock()
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        // The second node hears both rooms only after what was said in them.
        let rooms = ["a", "b"]
        let speakers = try rooms.map { room in
            try RoomClient(port: cluster.nodes[0].port, room: room, name: "in-\(room)")
        }
        let members = try rooms.map { try RoomClient(port: cluster.nodes[1].port, room: $0) }
        for (speaker, member) in zip(speakers, members) {
            try speaker.join()
            for n in 1...20 { try speaker.say("\(n)", n: n) }
            for n in 1...20 { _ = try speaker.hearAck(of: n) }
            try member.join()
        }
        for (room, member) in zip(rooms, members) {
            if room == "a" { cluster.redis.pause() } else { try await cluster.redis.kill() }
            let start = clock.now
            let answer = try member.history(before: 10)
            #expect(answer.contains(#""code":"unavailable","room":"\#(room)","retry_ms":1000}"#))
            let other = try RoomClient(port: cluster.nodes[1].port, room: room)
            try other.socket.say(#"{"type":"join","room":"\#(room)","history":10}"#)
            let refusal = try other.socket.hearText { $0.contains("error") }
            #expect(refusal.contains(#""code":"unavailable","room":"\#(room)","#))
            // Each waits for `Limits.publishPatience`, and is told a tick later; a stalled machine adds seconds.
            #expect(clock.now - start < .seconds(7))
            // The node that has it in memory needs no log.
            let known = try RoomClient(port: cluster.nodes[0].port, room: room)
            try known.join(history: 10)
            #expect(known.values.count == 10)
            guard room == "a" else { continue }
            cluster.redis.resume()
            try await eventually("the log is read again") {
                try member.history(before: 10).hasPrefix(#"{"type":"history""#)
            }
        }
    }

    @Test func `a message older than history-age leaves the log when the next one comes`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 1, flags: flags + ["--history-age", "2m"])
        let (speaker, _) = try speak(in: cluster)
        /// Makes all messages older.
        func age(bySeconds seconds: Int) async throws {
            let script = """
                local log = redis.call('XRANGE', KEYS[1], '-', '+')
                redis.call('DEL', KEYS[1])
                for _, entry in ipairs(log) do
                    entry[2][4] = string.format('%d', entry[2][4] - ARGV[1])
                    redis.call('XADD', KEYS[1], entry[1], unpack(entry[2]))
                end
                return redis.call('HSET', KEYS[2], 'since', log[1][2][4])
                """
            let answer = try await cluster.redis.cli(
                "EVAL",
                script,
                "2",
                "chat/log/a",
                "chat/room/a",
                "\(seconds * 1000)"
            )
            #expect(answer == "0")
        }
        // Time in which a busy machine says a message is left.
        try await age(bySeconds: 60)
        try speaker.say("21", n: 21)
        try speaker.hear(upTo: 21)
        #expect(try await cluster.redis.cli("XLEN", "chat/log/a") == "21")
        try await age(bySeconds: 121)
        try speaker.say("22", n: 22)
        try speaker.hear(upTo: 22)
        #expect(try await cluster.redis.cli("XLEN", "chat/log/a") == "1")
    }

    @Test func `a log has no more bytes than history-bytes says`() async throws {
        let flags = flags + ["--history-bytes", "16KiB"]
        let cluster = try await TestCluster.start(nodes: 1, flags: flags)
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try speaker.join()
        // Each fills a quarter of the log, with its id.
        let value = String(repeating: "x", count: 4000)
        for n in 1...8 {
            try speaker.say(#""\#(value)""#, n: n)
            try speaker.hear(upTo: n)
        }
        #expect(try await cluster.redis.cli("XLEN", "chat/log/a") == "4")
    }
}
