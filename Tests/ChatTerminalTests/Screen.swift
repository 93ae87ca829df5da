import Foundation
import TestSupport

/// A terminal of tmux's with a client in it.
final class Screen {
    private static let program = "/usr/bin/tmux"
    private let socket: String
    private let server: TestProcess
    private var codeFile: String { socket + ".code" }

    /// Starts the terminals' server, which ends with a process.
    init(endingWith test: Int32) throws {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else {
            throw Unexpected("there is no \(Self.program): apt-get install tmux")
        }
        socket = NSTemporaryDirectory() + "chatnode-tmux-\(UUID())"
        server = try TestProcess(
            Self.program,
            ["-S", socket, "-f", "/dev/null", "-D"],
            endingWith: test
        )
    }

    /// Opens a terminal with a client of a node in it.
    convenience init(_ node: TestNodeProcess, _ name: String) async throws {
        try self.init(endingWith: ProcessInfo.processInfo.processIdentifier)
        let url = "ws://127.0.0.1:\(node.port)"
        let client = "\(try TestProcess.chatnode) connect \(url) --name \(name)"
        try await begin("\(client); echo $? >\(codeFile)")
    }

    /// Opens a terminal with a command in it. The server ends with the command.
    func begin(_ command: String) async throws {
        try await eventually("the server of the terminals answers") {
            try await tmux("set-option", "-s", "exit-empty", "off").isEmpty
        }
        _ = try await tmux("new-session", "-d", "-x", "80", "-y", "24", command)
        _ = try await tmux("set-option", "-s", "exit-empty", "on")
    }

    deinit {
        for file in [socket, codeFile] { try? FileManager.default.removeItem(atPath: file) }
    }

    private func tmux(_ arguments: String...) async throws -> String {
        let process = try TestProcess(Self.program, ["-S", socket] + arguments)
        _ = try await process.exitCode()
        return process.output
    }

    /// Presses keys: texts, and keys by their names.
    func enter(_ keys: String...) async throws {
        for key in keys { _ = try await tmux("send-keys", key) }
    }

    /// Waits until a line of the screen has a text, above a last line if that is given.
    func shows(_ text: String, above last: String? = nil) async throws {
        try await shows(
            text,
            if: { lines in
                lines.contains { $0.contains(text) } && last.map { lines.last ?? "" == $0 } ?? true
            }
        )
    }

    /// Waits until a line of the screen has two texts.
    func shows(_ first: String, _ second: String) async throws {
        try await shows(
            second,
            if: { lines in
                lines.contains { $0.contains(first) && $0.contains(second) }
            }
        )
    }

    private func shows(_ what: String, if holds: ([Substring]) -> Bool) async throws {
        var lines: [Substring] = []
        do {
            try await eventually {
                lines = try await self.tmux("capture-pane", "-p")
                    .split(separator: "\n").map { $0.trimming(" ") }
                return holds(lines)
            }
        } catch {
            throw Unexpected("the screen has no \(what):\n\(lines.joined(separator: "\n"))")
        }
    }

    /// Waits until the screen is these lines, and no others.
    func isExactly(_ expected: [String]) async throws {
        try await shows("such lines:\n\(expected.joined(separator: "\n"))\nbut") {
            $0.map(String.init) == expected
        }
    }

    /// Waits until the server has ended.
    func ends() async throws {
        _ = try await server.exitCode()
    }

    /// Waits until the client has ended, and its terminal with it. Returns what its exit code was.
    func exitCode() async throws -> String {
        try await ends()
        return try String(contentsOfFile: codeFile, encoding: .utf8)
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> Substring {
        var text = self
        while text.last == character { text.removeLast() }
        return text
    }
}
