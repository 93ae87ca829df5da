import Foundation
import TestSupport
import Testing

/// Storms of the load generator as a process, on real nodes.
@Suite struct BenchResumeTests {
    private func urls(_ cluster: TestCluster) -> [String] {
        cluster.nodes.map { "ws://127.0.0.1:\($0.port)" }
    }

    @Test func `clients that are cut again and again get each message once`() async throws {
        let ended = try await BenchEnd.bench(nodes: 2, flags: BenchEnd.unlimited) { cluster in
            ["resume"] + urls(cluster) + [
                "--clients", "30", "--every", "1s", "--offline", "200ms", "--duration", "3s",
                "--warmup", "200ms", "--rate", "20", "--verify", "--json",
            ]
        }
        #expect(ended.code == 0, "\(ended.output)")
        let object = try ended.object
        #expect(object["correct"] as? Bool == true)
        #expect(object["resumes"] as? Int ?? 0 >= 29)
        #expect(object["missed"] as? Int ?? 0 > 0)
    }

    @Test func `the clients of a node that is killed come back to the others, the sender too`()
        async throws
    {
        let raw = NSTemporaryDirectory() + "chatnode-raw-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: raw) }
        let ended = try await BenchEnd.bench(nodes: 3, flags: BenchEnd.unlimited) { cluster in
            ["resume"] + urls(cluster) + [
                "--scenario", "avalanche", "--clients", "30", "--over", "500ms", "--duration",
                "3s", "--warmup", "200ms", "--rate", "20", "--senders", "3", "--verify",
                "--json", "--raw", raw, "--command",
                "kill -9 \(cluster.nodes[2].process.pid)",
            ]
        }
        #expect(ended.code == 0, "\(ended.output)")
        let object = try ended.object
        #expect(object["correct"] as? Bool == true)
        #expect(object["resumes"] as? Int == 10)
        #expect(object["not_resumed"] as? Int == 0)
        let lines = try String(contentsOfFile: raw, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 11)
    }

    @Test func `a node that comes back without its memory is found out`() async throws {
        let port = try ReservedPort(in: ReservedPort.nodes)
        let node = try await TestNodeProcess.start(port: port.number)
        // The kernel may take a moment to close the sockets of a process that is killed.
        let listener = ":" + String(port.number, radix: 16, uppercase: true) + " 00000000:0000 0A"
        let pidFile = NSTemporaryDirectory() + "chatnode-pid-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: pidFile) }
        let ended = try await BenchEnd.bench([
            "resume", "ws://127.0.0.1:\(port.number)", "--scenario", "avalanche", "--clients", "5",
            "--over", "100ms", "--duration", "2s", "--warmup", "200ms", "--rate", "10", "--verify",
            "--json", "--command",
            "kill -9 \(node.process.pid); while grep -q '\(listener)' /proc/net/tcp; do sleep 0.05; done; "
                + "'\(TestProcess.chatnode)' --port \(port.number) >/dev/null 2>&1 & "
                + "echo $! > '\(pidFile)'",
        ])
        let second = try String(contentsOfFile: pidFile, encoding: .utf8)
        if let pid = pid_t(second.trimmingCharacters(in: .whitespacesAndNewlines)) {
            kill(pid, SIGKILL)
        }
        #expect(ended.code == 1, "\(ended.output)")
        let object = try ended.object
        #expect(object["correct"] as? Bool == false)
        #expect(object["not_resumed"] as? Int ?? 0 > 0)
        #expect(object["not_recovered"] as? Int ?? 0 > 0)
    }

    @Test func `more clients than a node takes on come back one after the other`() async throws {
        let limits = ["--loops", "1", "--login-rate", "40", "--login-burst", "20"]
        let node = try await TestNodeProcess.start(limits)
        let ended = try await BenchEnd.bench([
            "resume", "ws://127.0.0.1:\(node.port)", "--scenario", "avalanche", "--clients", "40",
            "--over", "0s", "--duration", "4s", "--warmup", "200ms", "--rate", "10", "--verify",
            "--json",
        ])
        #expect(ended.code == 0, "\(ended.output)")
        let object = try ended.object
        #expect(object["resumes"] as? Int == 40)
        let postponed = try #require(object["postponed"] as? [String: Int])
        #expect(postponed.keys.contains { $0.contains("login_failure") })
        // The last one's turn is half a second or more after the first one's.
        let slowest = (object["resume_us"] as? [String: Any])?["max"] as? Double ?? 0
        #expect(slowest > 400_000)
    }

    @Test(arguments: [
        ["--every", "1s", "--offline", "1s"], ["--command", "true"],
        ["--scenario", "avalanche", "--lost", "2"],
        ["--scenario", "avalanche", "--over", "30s"], ["--senders", "1001"],
    ])
    func `arguments that contradict each other are refused`(arguments: [String]) async throws {
        let ended = try await BenchEnd.bench(["resume"] + arguments)
        #expect(ended.code == 64, "\(ended.output)")
    }
}
