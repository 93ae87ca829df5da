import Foundation
import TestSupport
import Testing

/// `chatnode connect` as a person and as a script use it, against a real node.
@Suite struct ConnectTests {
    /// Runs a shell's command, in which `$connect` is the client of a node.
    private func shell(_ node: TestNodeProcess, _ command: String) throws -> TestProcess {
        let url = "ws://127.0.0.1:\(node.port)"
        let connect = "\(try TestProcess.chatnode) connect \(url)"
        return try TestProcess("/bin/sh", ["-c", command], environment: ["connect": connect])
    }

    @Test func `a script says its input, and ends when all is said`() async throws {
        let node = try await TestNodeProcess.start()
        let first = try shell(node, "printf 'one\\n/join tea\\ntwo\\nthree' | $connect --name ada")
        #expect(try await first.exitCode() == 0)
        #expect(first.output.contains("* ada is logged in on n1\n"))
        let second = try shell(node, "echo /quit | $connect --name bob --room tea --history 5")
        #expect(try await second.exitCode() == 0)
        let third = try shell(
            node,
            "echo '/history 5' | $connect --name bob --room tea --history 0 --json"
        )
        #expect(try await third.exitCode() == 0)
        let chats = third.output.split(separator: "\n").filter { $0.contains(#""event":"chat""#) }
        #expect(chats.count == 2, "\(third.output)")
        #expect(chats.first?.contains(#""username":"ada","value":"two","seq":1"#) == true)
    }

    @Test func `a client without a name listens, and ends by a signal`() async throws {
        let node = try await TestNodeProcess.start()
        let listener = try TestProcess(
            TestProcess.chatnode,
            ["connect", "ws://127.0.0.1:\(node.port)", "--room", "tea", "--json"]
        )
        try await eventually("it has joined") { listener.output.contains(#""event":"joined""#) }
        let speaker = try shell(node, "echo hello | $connect --name ada --room tea --json")
        #expect(try await speaker.exitCode() == 0)
        #expect(speaker.output.contains(#""event":"sent","room":"tea","mid":"#))
        try await eventually("it has heard") { listener.output.contains(#""value":"hello""#) }
        listener.signal(SIGTERM)
        #expect(try await listener.exitCode() == 128 + SIGTERM)
    }

    @Test(arguments: ["/jion tea", "/join Tea", "/remove 7"])
    func `a script of which a line was refused is told so by the exit code`(line: String)
        async throws
    {
        let node = try await TestNodeProcess.start()
        let script = try shell(node, "printf '\(line)\nhello\n' | $connect --name ada")
        #expect(try await script.exitCode() == 1)
        #expect(script.output.contains("* "))
        let listener = try shell(
            node,
            "echo '/history 5' | $connect --name bob --history 0 --json"
        )
        #expect(try await listener.exitCode() == 0)
        #expect(listener.output.contains(#""value":"hello""#), "the lines after it are said")
    }

    @Test func `a client whose output nothing takes any more ends`() async throws {
        let node = try await TestNodeProcess.start()
        let listener = try shell(
            node,
            #"{ $connect --room tea --json; echo "code $?" >&2; } | head -n 1"#
        )
        try await eventually("it has joined") { listener.output.contains(#""event":"joined""#) }
        // It ends with the first line that nothing takes.
        try await eventually("it ends") {
            let speaker = try shell(node, "echo hello | $connect --name ada --room tea")
            #expect(try await speaker.exitCode() == 0)
            return !listener.isRunning
        }
        #expect(listener.output.hasSuffix("code \(128 + SIGPIPE)\n"))
    }

    @Test func `what keeps it from beginning is said, with an exit code`() async throws {
        let node = try await TestNodeProcess.start()
        let nobody = try TestProcess(TestProcess.chatnode, ["connect", "ws://127.0.0.1:1"])
        #expect(try await nobody.exitCode() == 69)
        #expect(nobody.output == "error: cannot connect: Connection refused\n")
        let name = try shell(node, "echo x | $connect --name 'a b'")
        #expect(try await name.exitCode() == 77)
        #expect(name.output.hasPrefix("error: "))
        let room = try shell(node, "echo x | $connect --name ada --room Tea")
        #expect(try await room.exitCode() == 77)
        let address = try TestProcess(TestProcess.chatnode, ["connect", "http://h"])
        #expect(try await address.exitCode() == 64)
    }

    @Test(.timeLimit(.minutes(2)))
    func `on a terminal the messages stand above, and what is being entered stays below`()
        async throws
    {
        let port = try ReservedPort(in: ReservedPort.nodes)
        let node = try await TestNodeProcess.start(port: port.number)
        let ada = try await Screen(node, "ada"), bob = try await Screen(node, "bob")
        try await ada.shows("lobby>")
        try await bob.shows("lobby>")
        try await ada.enter("/join tea", "Enter")
        try await ada.shows("[tea]", "ada is here")
        try await bob.enter("/join tea", "Enter")
        try await bob.shows("tea>")
        // Bob is in the middle of a line when Ada says something.
        try await bob.enter("I was ab")
        try await bob.shows("tea> I was ab")
        try await ada.enter("hello bob", "Enter")
        try await bob.shows("[tea 1] ada: hello bob", above: "tea> I was ab")
        try await bob.enter("out to", "BSpace", "BSpace", "say", "Enter")
        try await ada.shows("[tea 2] bob: I was about say", above: "tea>")
        // Who is there is told a second later at most.
        try await ada.shows("[tea]", "bob is here")
        try await ada.enter("/who", "Enter")
        try await ada.shows("* [tea] 2 here: ada, bob", above: "tea>")
        // The node is gone, and comes back with nothing: what is entered meanwhile is said then.
        node.process.signal(SIGKILL)
        _ = try await node.process.exitCode()
        try await ada.shows("trying again in")
        try await ada.enter("still here", "Enter")
        let again = try await TestNodeProcess.start(port: port.number)
        try await bob.shows("ada: still here", above: "tea>")
        try await ada.enter("/quit", "Enter")
        #expect(try await ada.exitCode() == "0\n")
        try await bob.enter("C-c")
        #expect(try await bob.exitCode() == "\(128 + SIGINT)\n")
        withExtendedLifetime(again) {}
    }

    @Test func `the terminals of a test that is killed end with it`() async throws {
        let test = try TestProcess("/usr/bin/tail", ["-f", "/dev/null"])
        let screen = try Screen(endingWith: test.pid)
        try await screen.begin("cat")
        test.signal(SIGKILL)
        _ = try await test.exitCode()
        try await screen.ends()
    }
}
