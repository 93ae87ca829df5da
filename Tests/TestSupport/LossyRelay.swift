import Foundation

/// A chat server for one scenario, correct but for one fault at one client, which a load generator
/// must find.
public final class LossyRelay: Sendable {
    /// What the client that connects last receives instead of the sixth message.
    public enum Fault: Sendable {
        /// The sixth message: there is no fault.
        case none
        /// Nothing: it is not sent.
        case drops
        /// The message twice.
        case doubles
        /// The message after the seventh.
        case swaps
    }

    /// The port on which it listens.
    public let port: Int
    private let listener: TestListener
    private let fault: Fault

    /// Serves a number of clients, of which the one whose name ends in zeros sends.
    public init(clients: Int, _ fault: Fault) throws {
        listener = try TestListener()
        port = listener.port
        self.fault = fault
        Thread { try? self.serve(clients) }.start()
    }

    private func serve(_ count: Int) throws {
        var clients: [(socket: TestSocket, name: String)] = []
        while clients.count < count {
            let socket = try listener.accept()
            // A connection that only checks whether the server is there sends nothing.
            guard let client = try? welcome(socket) else { continue }
            clients.append(client)
        }
        guard let speaker = clients.first(where: { $0.name.hasSuffix("-0000000") }) else { return }
        var held: [UInt8] = []
        var number = 0
        while let text = try? Self.read(from: speaker.socket) {
            number += 1
            let frame = TestWebSocket.frame(1, Array(text.utf8), isMasked: false)
            for (index, client) in clients.enumerated() {
                let isOdd = index == count - 1
                try? client.socket.send(isOdd ? odd(frame, number, &held) : frame)
            }
        }
    }

    /// Returns what the client with the fault is sent instead of a frame.
    private func odd(_ frame: [UInt8], _ number: Int, _ held: inout [UInt8]) -> [UInt8] {
        switch (fault, number) {
        case (.drops, 6): return []
        case (.doubles, 6): return frame + frame
        case (.swaps, 6):
            held = frame
            return []
        case (.swaps, 7): return frame + held
        default: return frame
        }
    }

    private func welcome(_ socket: TestSocket) throws -> (TestSocket, String) {
        let request = try socket.read(through: "\r\n\r\n")
        let field = "Sec-WebSocket-Key: "
        guard let line = request.split(separator: "\r\n").first(where: { $0.hasPrefix(field) })
        else {
            throw Unexpected(request)
        }
        let accept = AcceptKey.answer(to: String(line.dropFirst(field.count)))
        try socket.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n"
        )
        let login = try Self.read(from: socket)
        guard
            let name = login.components(separatedBy: #""username":""#).last?.prefix(while: {
                $0 != "\""
            })
        else { throw Unexpected(login) }
        let answer = #"{"type":"logged_in","username":"\#(name)","node":"odd"}"#
        try socket.send(TestWebSocket.frame(1, Array(answer.utf8), isMasked: false))
        return (socket, String(name))
    }

    /// Reads a client's next text.
    private static func read(from socket: TestSocket) throws -> String {
        let frame = try socket.readFrame(of: .client)
        guard frame.opcode == 1 else { throw Unexpected("opcode \(frame.opcode)") }
        return frame.text
    }
}
