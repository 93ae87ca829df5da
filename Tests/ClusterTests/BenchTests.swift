import ChatCore
import Foundation
import TestSupport
import Testing

/// The load generator as a process, against real nodes and against a server with a fault.
@Suite struct BenchTests {
    @Test(arguments: [["--rate", "200"], ["--in-flight", "8"]])
    func `a node is measured and found correct`(load: [String]) async throws {
        let node = try await TestNodeProcess.start(BenchEnd.unlimited)
        let ended = try await BenchEnd.bench(
            [
                "fanout", "ws://127.0.0.1:\(node.port)", "--recipients", "20", "--senders", "3",
                "--loops", "2", "--duration", "1s", "--warmup", "100ms", "--verify", "--json",
                "--pid", "\(node.process.pid)",
            ] + load
        )
        #expect(ended.code == 0, "\(ended.output)")
        let sent = try ended.messages(heardBy: 20)
        let object = try ended.object
        #expect((object["latency_us"] as? [String: Any])?["count"] as? Int == sent * 20)
        // An open loop knows how many messages are due, and sends them all.
        if load[0] == "--rate" {
            #expect(sent == 200)
            #expect(object["messages_intended"] as? Int == 200)
        }
        #expect(try #require(object["server_us_per_delivery"] as? Double) > 0)
    }

    @Test func `two nodes of one cluster share the clients`() async throws {
        let ended = try await BenchEnd.bench(nodes: 2) { cluster in
            let urls = cluster.nodes.map { "ws://127.0.0.1:\($0.port)" }
            return ["fanout"] + urls + [
                "--recipients", "10", "--duration", "1s", "--verify", "--json",
            ]
        }
        #expect(ended.code == 0, "\(ended.output)")
        _ = try ended.messages(heardBy: 10)
    }

    private static let faults: [(fault: LossyRelay.Fault, code: Int, field: String?)] = [
        (.none, 0, nil), (.drops, 1, "lost"), (.doubles, 1, "doubled"), (.swaps, 1, "out_of_order"),
    ]

    @Test(arguments: faults)
    func `a server that treats one client differently is found out`(
        fault: LossyRelay.Fault,
        code: Int,
        field: String?
    ) async throws {
        let relay = try LossyRelay(clients: 4, fault)
        defer { withExtendedLifetime(relay) {} }
        let ended = try await BenchEnd.bench([
            "fanout", "ws://127.0.0.1:\(relay.port)", "--recipients", "4", "--rate", "50",
            "--duration", "400ms", "--warmup", "0s", "--verify", "--json",
        ])
        #expect(ended.code == code, "\(ended.output)")
        let object = try ended.object
        #expect(object["correct"] as? Bool == (field == nil))
        for name in ["lost", "doubled", "out_of_order"] {
            #expect(object[name] as? Int == (name == field ? 1 : 0), "\(name)")
        }
    }

    @Test func `messages that an open loop cannot send in time are sent late`() async throws {
        let relay = try LossyRelay(clients: 1, .none)
        defer { withExtendedLifetime(relay) {} }
        // More than a generator without optimisation can send in such a short time.
        let ended = try await BenchEnd.bench([
            "fanout", "ws://127.0.0.1:\(relay.port)", "--recipients", "1", "--rate", "200000",
            "--duration", "50ms", "--warmup", "0s", "--json",
        ])
        #expect(ended.code == 0, "\(ended.output)")
        let object = try ended.object
        #expect(object["messages_intended"] as? Int == 10_000)
        #expect(object["messages_sent"] as? Int == 10_000)
    }

    @Test func `a run in which no visitor can log in is no success`() async throws {
        let relay = try LossyRelay(clients: 2, .none)
        defer { withExtendedLifetime(relay) {} }
        let ended = try await BenchEnd.bench([
            "churn", "ws://127.0.0.1:\(relay.port)", "--steady", "2", "--rate", "50",
            "--churn-rate", "10", "--duration", "300ms", "--warmup", "0s",
        ])
        #expect(ended.code == 69, "\(ended.output)")
        #expect(ended.output.contains("no client came in"))
    }

    @Test func `a node's rate limit is reported with the way out, and not as a loss`() async throws
    {
        let node = try await TestNodeProcess.start()
        let ended = try await BenchEnd.bench([
            "fanout", "ws://127.0.0.1:\(node.port)", "--recipients", "2", "--rate", "500",
            "--verify",
        ])
        #expect(ended.code == 77)
        #expect(ended.output.contains("--message-rate 0"))
        #expect(!ended.output.contains("lost"))
    }

    @Test func `clients come in, stay, and come and go`() async throws {
        let node = try await TestNodeProcess.start()
        let url = "ws://127.0.0.1:\(node.port)"
        let connect = try await BenchEnd.bench(["connect", url, "--clients", "50", "--json"])
        #expect(connect.code == 0, "\(connect.output)")
        #expect(try connect.object["logged_in"] as? Int == 50)
        let idle = try await BenchEnd.bench([
            "idle", url, "--clients", "50", "--duration", "100ms", "--max-lost", "0", "--json",
            "--pid", "\(node.process.pid)",
        ])
        #expect(idle.code == 0, "\(idle.output)")
        #expect(try idle.object["there"] as? Int == 50)
        #expect(try idle.object["server_rss"] as? Int ?? 0 > 0)
        for more in [[], ["--silent"]] {
            let churn = try await BenchEnd.bench(
                [
                    "churn", url, "--steady", "5", "--churn-rate", "50", "--duration", "1s",
                    "--verify", "--json",
                ] + more
            )
            #expect(churn.code == 0, "\(churn.output)")
            #expect(try churn.object["visitors"] as? Int ?? 0 > 10)
            #expect(try churn.object["correct"] as? Bool == true)
            // Those of visitors, to those who stay.
            let others = try churn.object["foreign_messages"] as? Int ?? 0
            #expect(more.isEmpty ? others > 0 : others == 0)
        }
    }

    @Test func `clients of a node that dies are counted, and the run ends`() async throws {
        let node = try await TestNodeProcess.start()
        let process = try TestProcess(
            TestProcess.chatnode,
            [
                "bench", "fanout", "ws://127.0.0.1:\(node.port)", "--recipients", "5", "--rate",
                "20",
                "--duration", "10m", "--verify", "--json",
            ]
        )
        let ear = try TestWebSocket(port: node.port)
        for _ in 0..<3 { _ = try ear.hearText { $0.contains("bench-") } }
        node.process.signal(SIGKILL)
        let ended = BenchEnd(code: try await process.exitCode(), output: process.output)
        #expect(ended.code == 1, "\(ended.output)")
        let object = try ended.object
        #expect(object["recipients_gone"] as? Int == 5)
        #expect(object["disconnects"] as? [String: Int] == ["the connection was lost": 5])
    }

    @Test func `a run whose clients are all gone is no success`() async throws {
        let node = try await TestNodeProcess.start(BenchEnd.unlimited)
        let url = "ws://127.0.0.1:\(node.port)"
        // More than a node takes from one client.
        let tooLong = try await BenchEnd.bench([
            "fanout", url, "--recipients", "1", "--size", "20000",
        ])
        #expect(tooLong.code == 69, "\(tooLong.output)")
        #expect(tooLong.output.contains("1009"))
        let process = try TestProcess(
            TestProcess.chatnode,
            ["bench", "idle", url, "--clients", "5", "--duration", "10m"]
        )
        try await eventually("all are in") { try node.scrape().value("chatnode_names") == 5 }
        node.process.signal(SIGKILL)
        #expect(try await process.exitCode() == 69)
        #expect(process.output.contains("all clients are gone"))
    }

    @Test func `clients connect from the addresses that were given`() async throws {
        let node = try await TestNodeProcess.start()
        let process = try TestProcess(
            TestProcess.chatnode,
            [
                "bench", "idle", "ws://127.0.0.1:\(node.port)", "--clients", "4", "--duration",
                "10m", "--source", "127.0.0.2,127.0.0.3",
            ]
        )
        let sources = ["127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3"]
        try await eventually("all are in") { try established(to: node.port).sorted() == sources }
        process.signal(SIGINT)
        #expect(try await process.exitCode() == 130)
    }

    @Test func `clients that cannot even begin to connect are reported`() async throws {
        let node = try await TestNodeProcess.start()
        let url = "ws://127.0.0.1:\(node.port)"
        // An address for documents (RFC 5737), so not this machine's.
        let some = try await BenchEnd.bench(
            ["connect", url, "--clients", "40", "--source", "127.0.0.2,192.0.2.1", "--json"]
        )
        #expect(some.code == 69, "\(some.output)")
        #expect(try some.object["logged_in"] as? Int == 20)
        let reason = "cannot connect: Cannot assign requested address"
        #expect(try some.object["turned_away"] as? [String: Int] == [reason: 20])
        let none = try await BenchEnd.bench([
            "connect", url, "--clients", "1", "--source", "192.0.2.1",
        ])
        #expect(none.code == 69, "\(none.output)")
        #expect(none.output.contains("fix: --source with addresses of this machine"))
    }

    /// Returns the addresses from which this machine has connections to one of its ports
    /// (proc_net_tcp(5): in the order of the bytes in memory, 1 for an established connection).
    private func established(to port: Int) throws -> [String] {
        let local = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
        // Foundation takes the kernel's first page for all of a file without a size.
        var table = Data()
        let file = try #require(FileHandle(forReadingAtPath: "/proc/net/tcp"))
        while let more = try file.read(upToCount: 65536), !more.isEmpty { table += more }
        let lines = String(decoding: table, as: UTF8.self)
            .split(separator: "\n").map { $0.split(separator: " ") }
        return lines.filter { $0.count > 3 && $0[1].hasSuffix(local) && $0[3] == "01" }.map {
            let address = UInt32($0[2].prefix(8), radix: 16) ?? 0
            return withUnsafeBytes(of: address) { $0.map(String.init).joined(separator: ".") }
        }
    }

    @Test func `Ctrl-C prints what was measured so far`() async throws {
        let node = try await TestNodeProcess.start()
        let process = try TestProcess(
            TestProcess.chatnode,
            [
                "bench", "fanout", "ws://127.0.0.1:\(node.port)", "--recipients", "3", "--rate",
                "20",
                "--duration", "10m", "--warmup", "0s", "--verify",
            ]
        )
        let ear = try TestWebSocket(port: node.port)
        for _ in 0..<3 { _ = try ear.hearText { $0.contains("bench-") } }
        process.signal(SIGINT)
        #expect(try await process.exitCode() == 130)
        #expect(process.output.contains("once, in one order, at all 3 recipients"))
    }

    @Test func `help begins with examples`() async throws {
        for command in [[], ["fanout"], ["connect"], ["idle"], ["churn"], ["resume"]] {
            let help = try await BenchEnd.bench(command + ["--help"])
            #expect(help.code == 0)
            #expect(help.output.contains("EXAMPLES\n"))
        }
    }
}

extension String {
    fileprivate func leftPadded(to length: Int) -> String {
        String(repeating: "0", count: max(0, length - count)) + self
    }
}
