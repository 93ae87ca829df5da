import Foundation
import TestSupport
import Testing

/// `chatnode config` and its siblings as a person meets them: their words and their exit codes.
@Suite struct ConfigTests {
    private func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws
        -> (code: Int, output: String)
    {
        let process = try TestProcess(TestProcess.chatnode, arguments, environment: environment)
        return (try await process.exitCode(), process.output)
    }

    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "chatnode-config-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test func `a file that init writes is never overwritten unasked, and is good as it is`()
        async throws
    {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/chat.yaml"
            let written = try await run(["config", "init", path])
            #expect(written.code == 0)
            #expect(written.output == "wrote \(path)\n")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.contains("\n#port: 4567\n"))

            let plain = try await run(["config", "show", "--json"])
            let withFile = try await run(["config", "show", "--json", "--config", path])
            #expect(plain.code == 0)
            #expect(plain.output == withFile.output)

            try "port: 80\n".write(toFile: path, atomically: true, encoding: .utf8)
            let refused = try await run(["config", "init", path])
            #expect(refused.code == 73)
            #expect(refused.output.contains("exists already"))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "port: 80\n")
            #expect(try await run(["config", "init", "--force", path]).code == 0)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        }
    }

    @Test(arguments: [[], ["-"]])
    func `without a path, init prints the file`(path: [String]) async throws {
        let (code, output) = try await run(["config", "init"] + path)
        #expect(code == 0)
        #expect(output.hasPrefix("# chatnode's settings."))
        #expect(output.hasSuffix("#log-format: auto\n"))
    }

    @Test func `show says what the node would do, and why`() async throws {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/chat.yaml"
            try "history: 5\n".write(toFile: path, atomically: true, encoding: .utf8)
            let (code, output) = try await run(
                ["config", "show", "--config", path, "--port", "80"],
                ["CHAT_LOOPS": "2", "CHAT_REDIS_PASSWORD": "hunter2"]
            )
            #expect(code == 0)
            #expect(output.contains(/\n  port +80 +flag --port\n/))
            #expect(output.contains(/\n  loops +2 +environment CHAT_LOOPS\n/))
            #expect(output.contains("  \(path):1\n"))
            #expect(output.contains(/redis-password +\(hidden\) +environment CHAT_REDIS_PASSWORD/))
            #expect(!output.contains("hunter2"))
        }
    }

    @Test func `check ends as a start would, for each mistake with what corrects it`() async throws
    {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/chat.yaml"
            try "history: 5\n".write(toFile: path, atomically: true, encoding: .utf8)
            let fine = try await run(["config", "check", "--config", path])
            #expect(fine.code == 0)
            #expect(fine.output.hasPrefix("the settings are fine: 1 from the file, "))

            try "histori: 5\nping-interval: 25\n".write(
                toFile: path,
                atomically: true,
                encoding: .utf8
            )
            let wrong = try await run(["config", "check", "--config", path])
            #expect(wrong.code == 78)
            #expect(wrong.output.contains("did you mean `history`?"))
            #expect(wrong.output.contains("has no unit"))

            let cases = [
                ["--config", "\(folder)/nowhere.yaml"], ["--message-rate", "x"],
                ["--redis-password-file", "\(folder)/nowhere"], ["--pong-timeout", "1h"],
                ["--port", "0", "--admin", "unix:\(folder)/nowhere/a.sock"],
            ]
            for flags in cases {
                let checked = try await run(["config", "check"] + flags)
                let served = try await run(flags)
                #expect(checked.code == served.code, "\(flags)")
                #expect(checked.output == served.output)
                #expect(checked.code != 0)
            }
        }
    }

    @Test func `an output that takes nothing is no success`() async throws {
        let process = try TestProcess(
            "/bin/sh",
            ["-c", #"exec "$0" config init >/dev/full"#, TestProcess.chatnode]
        )
        #expect(try await process.exitCode() == 74)
        #expect(process.output.contains("error: cannot write the output: no space left"))
    }

    @Test func `a command that there is not is told with the one that was meant`() async throws {
        let (code, output) = try await run(["config", "chekc"])
        #expect(code == 64)
        #expect(output.hasSuffix("  fix: did you mean `chatnode config check`?\n"))
        #expect(try await run(["sreve"]).code == 64)
    }

    @Test(arguments: [
        [], ["serve"], ["config"], ["config", "show"], ["config", "check"],
        ["config", "init"],
    ])
    func `the help of every command lists its exit codes`(command: [String]) async throws {
        let (code, output) = try await run(command + ["--help"])
        #expect(code == 0)
        #expect(output.contains("EXIT CODES"))
        #expect(output.contains("EXAMPLES"))
    }

    @Test func `the version has the program's name, and is the one of the metric`() async throws {
        let (code, output) = try await run(["--version"])
        #expect(code == 0)
        let number = try #require(output.firstMatch(of: /^chatnode ([0-9]+\.[0-9]+\.[0-9]+)\n$/)?.1)
        let node = try await TestNodeProcess.start()
        let metrics = try node.metrics()
        #expect(metrics.contains("chatnode_build_info{version=\"\(number)\"} 1"))
        #expect(node.process.output.contains("chatnode \(number)  node n1  "))
    }
}
