import Foundation
import TestSupport

/// Sends one request to a unix socket, and returns everything that comes back.
func get(_ path: String, at socket: String) throws -> String {
    try ask("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n", at: socket)
}

func ask(_ request: String, at socket: String) throws -> String {
    let socket = try TestSocket(path: socket)
    try socket.send(request)
    return String(decoding: try socket.readToEnd(), as: UTF8.self)
}

/// Returns what follows the head of an answer.
func body(of answer: String) -> String {
    answer.firstRange(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? ""
}

/// Runs a function with a folder of its own, for this user alone.
func inFolder<Result>(
    _ body: (String) async throws -> Result
) async throws -> Result {
    // Short: a socket's path is 107 bytes at most.
    let folder = "/tmp/chatnode-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(
        atPath: folder,
        withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700]
    )
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
