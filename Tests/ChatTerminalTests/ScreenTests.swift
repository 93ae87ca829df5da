import TestSupport
import Testing

/// The whole screen of `chatnode connect`, after each command.
@Suite struct ScreenTests {
    @Test(.timeLimit(.minutes(2)))
    func `each command changes the screen as its help says`() async throws {
        let node = try await TestNodeProcess.start()
        let listener = try RoomClient(port: node.port, room: "tea")
        try listener.join()
        let ada = try await Screen(node, "ada")
        var lines = ["* ada is logged in on n1"]
        /// Enters a line, and expects some more lines above a prompt.
        func expect(_ entered: String?, _ more: String..., prompt: String) async throws {
            if let entered { try await ada.enter(entered, "Enter") }
            lines += more
            try await ada.isExactly(lines + [prompt])
        }
        // The node tells presence a second later at most (`Limits.presencePause`).
        try await expect(nil, "* [lobby] ada is here", prompt: "lobby>")
        try await expect("/join tea", "* [tea] ada is here", prompt: "tea>")
        try await expect("hello", "[tea 1] ada: hello", prompt: "tea>")
        try await expect("oops", "[tea 2] ada: oops", prompt: "tea>")
        try await expect("/remove", "* [tea] message 2 was removed by ada", prompt: "tea>")
        try await expect("/remove 7", "* no such message was shown", prompt: "tea>")
        try await expect("/who", "* [tea] 1 here: ada", prompt: "tea>")
        try await expect("//who", "[tea 4] ada: /who", prompt: "tea>")
        try await expect("/jion", "* there is no command /jion; /help lists them", prompt: "tea>")
        try await expect("/leave", prompt: "lobby>")
        _ = try listener.socket.hearText { $0.contains(#""left":["ada"]"#) }
        try await expect("/leave", prompt: "no room>")
        try await expect("hi", "* /join a room first", prompt: "no room>")
        try await expect(
            "/join tea",
            "[tea 1] ada: hello",
            "* [tea] message 2 was removed",
            "* [tea] message 2 was removed by ada",
            "[tea 4] ada: /who",
            "* [tea] ada is here",
            prompt: "tea>"
        )
        try await expect("/history", "* nothing older is kept", prompt: "tea>")
        try await ada.enter("/quit", "Enter")
        #expect(try await ada.exitCode() == "0\n")
    }

    @Test(.timeLimit(.minutes(2)))
    func `help is shown, and older messages above what was entered last`() async throws {
        let node = try await TestNodeProcess.start()
        let bob = try RoomClient(port: node.port, room: "lobby", name: "bob")
        try bob.join()
        for n in 1...25 { try bob.say("\"\(n)\"", n: n) }
        try bob.hear(upTo: 25)
        if bob.presence.isEmpty { _ = try bob.hearPresence() }
        let ada = try await Screen(node, "ada")
        let newest = (6...25).map { "[lobby \($0)] bob: \($0)" }
        let arrival = ["* [lobby] ada is here"]
        try await ada.isExactly(["* ada is logged in on n1"] + newest + arrival + ["lobby>"])
        try await ada.enter("/history 2", "Enter")
        let older = (4...5).map { "[lobby \($0)] bob: \($0)" }
        // The screen has 24 lines.
        try await ada.isExactly(newest + arrival + older + ["lobby>"])
        try await ada.enter("/help", "Enter")
        try await ada.isExactly(
            newest.dropFirst(7) + arrival + older + [
                "/join ROOM     go to a room; what is entered is said there",
                "/leave         leave this room",
                "/who           who is here",
                "/history N     N older messages (20)",
                "/remove N      take back message number N, or the newest of one's own",
                "/quit          leave; so does Ctrl-D",
                "//text         says /text",
                "lobby>",
            ]
        )
        try await ada.enter("C-d")
        #expect(try await ada.exitCode() == "0\n")
    }

    @Test(.timeLimit(.minutes(2)))
    func `a client whose node is killed says that it is where it was left`() async throws {
        let cluster = try await TestCluster.start(nodes: 1)
        let ada = try await Screen(cluster.nodes[0], "ada")
        try await ada.enter("hello", "Enter")
        try await ada.shows("[lobby 1] ada: hello", above: "lobby>")
        try await cluster.kill(0)
        try await ada.shows("trying again in")
        try await cluster.restart(0)
        try await ada.shows(
            "* ada is logged in on n1, where the former login was left",
            above: "lobby>"
        )
        try await ada.enter("still here", "Enter")
        try await ada.shows("[lobby 2] ada: still here", above: "lobby>")
        try await ada.enter("/quit", "Enter")
        #expect(try await ada.exitCode() == "0\n")
    }
}
