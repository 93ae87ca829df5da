import TestSupport

/// A Redis whose part a test plays itself: it expects commands to the byte and answers what it
/// likes, or does not.
final class ScriptedRedis {
    private let listener: TestListener
    private var client: TestSocket?
    var port: Int { listener.port }

    init(backlog: Int32 = 16) throws {
        listener = try TestListener(backlog: backlog)
    }

    /// Waits for the next client, and lets go of the one before.
    func accept() throws { client = try listener.accept() }

    private var socket: TestSocket {
        get throws {
            guard let client else { throw Unexpected("nobody was accepted") }
            return client
        }
    }

    /// The next commands are these, each a text without spaces in its arguments, and to the byte.
    func expect(_ commands: String...) throws {
        let bytes = commands.flatMap(Self.encoded)
        let read = try socket.read(bytes.count)
        guard read == bytes else {
            throw Unexpected(String(decoding: read, as: UTF8.self))
        }
    }

    private static func encoded(_ command: String) -> [UInt8] {
        let words = command.split(separator: " ", omittingEmptySubsequences: false)
        let bulks = words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }
        return Array("*\(words.count)\r\n\(bulks.joined())".utf8)
    }

    /// Answers, to the byte.
    func say(_ text: String) throws { try socket.send(text) }

    /// Ends the connection in good order.
    func hangUp() { client = nil }

    /// Ends it with a reset.
    func reset() throws { try socket.reset() }

    /// Waits until the client has ended the connection.
    func awaitEnd() throws { _ = try socket.readToEnd() }

    /// What a client says first that needs no password.
    static let greeting = ["CLIENT SETNAME chatnode-n1-test", "INFO server", "ECHO chatnode"]

    /// Takes the next client and greets it as Redis would.
    func welcome(version: String = "7.0.15") throws {
        try accept()
        for command in Self.greeting { try expect(command) }
        try say("+OK\r\n\(Self.info(version))$8\r\nchatnode\r\n")
    }

    static func info(_ version: String, bits: Int = 64, mode: String = "standalone") -> String {
        let text =
            "# Server\r\nredis_version:\(version)\r\nredis_mode:\(mode)\r\narch_bits:\(bits)\r\n"
        return "$\(text.utf8.count)\r\n\(text)\r\n"
    }
}
