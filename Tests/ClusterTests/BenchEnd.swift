import Foundation
import TestSupport

/// How a run of `chatnode bench` has ended.
struct BenchEnd {
    let code: Int
    let output: String

    /// The flags of a node that lets one client send without limits.
    static let unlimited = ["--message-rate", "0", "--byte-rate", "0"]

    /// Runs the load generator as a process, to its end.
    static func bench(_ arguments: [String]) async throws -> BenchEnd {
        let process = try TestProcess(TestProcess.chatnode, ["bench"] + arguments)
        return BenchEnd(code: try await process.exitCode(), output: process.output)
    }

    /// The object of `--json`.
    var object: [String: Any] {
        get throws {
            let line = output.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            guard let object = object as? [String: Any] else { throw Unexpected(output) }
            return object
        }
    }
}
