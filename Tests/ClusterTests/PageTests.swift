import Foundation
import TestSupport
import Testing

/// The page in a real browser: the browser test is a script of its own and prints what it finds.
@Suite struct PageTests {
    @Test func `people chat on the page, and come back by themselves`() async throws {
        let script = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("BrowserTests/page_test.py").path
        let process = try TestProcess(
            "/usr/bin/python3",
            [script, "--node", try TestProcess.chatnode]
        )
        // A browser's start and 40 tests: three minutes on two busy cores, each bounded by itself.
        try await eventually("the browser test's end", within: .seconds(600)) {
            !process.isRunning
        }
        let code = try await process.exitCode()
        // In one line, because reports show only the first.
        let failures = process.output.split(separator: "\n").filter {
            $0.hasPrefix("FAIL") || $0.contains("Error") || $0.contains("Exception")
        }
        .joined(separator: " / ")
        #expect(code == 0, "\(failures)\n\(process.output)")
        #expect(process.output.contains(" passed, 0 failed"))
    }
}
