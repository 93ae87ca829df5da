import TestSupport
import Testing

/// The whole screen of `chatnode connect`, after each command.
@Suite struct ScreenTests {
    @Test(.timeLimit(.minutes(2)))
    func `each command changes the screen as its help says`() async throws {
        let node = try await TestNodeProcess.start()
        let ada = try await Screen(node, "ada")
        try await ada.isExactly("""
            * ada is logged in on n1
            lobby>
            """)
        try await ada.enter("/quit", "Enter")
        #expect(try await ada.exitCode() == "0\n")
    }
}
