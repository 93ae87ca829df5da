import Foundation

/// A chat server for one conversation, right but for one fault at one client: what a load generator
/// must find out.
public final class LossyRelay: Sendable {
    /// What the last client to come in hears otherwise than the others, of the sixth message.
    public enum Fault: Sendable {
        /// Nothing.
        case none
        /// It is not sent.
        case drops
        /// It is sent twice.
        case doubles
        /// It is sent behind the seventh.
        case swaps
    }

    /// Where it listens.
    public let port: Int
    private let listener: TestListener
    private let fault: Fault
    private let acceptKey: @Sendable (String) -> String

    /// Serves so many clients, of which the one whose name ends in zeros speaks. `acceptKey` answers
    /// the key of a handshake (RFC 6455 §4.2.2).
    public init(
        clients: Int,
        _ fault: Fault,
        acceptKey: @escaping @Sendable (String) -> String
    ) throws {
        listener = try TestListener()
        port = listener.port
        self.fault = fault
        self.acceptKey = acceptKey
        Thread { try? self.serve(clients) }.start()
    }

    private func serve(_ count: Int) throws {
        var clients: [(socket: TestSocket, name: String)] = []
        while clients.count < count {
            let socket = try listener.accept()
            // Somebody who only looks whether anybody is there says nothing.
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

    /// What the odd one out is sent in place of a frame.
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
        let accept = acceptKey(String(line.dropFirst(field.count)))
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

    /// A client's next text.
    private static func read(from socket: TestSocket) throws -> String {
        let head = try socket.read(2)
        guard head[0] == 0x81, head[1] & 0x80 != 0 else { throw Unexpected("frame head \(head)") }
        var length = Int(head[1] & 0x7F)
        if length == 126 { length = try socket.read(2).reduce(0) { $0 << 8 | Int($1) } }
        let key = try socket.read(4)
        let payload = try socket.read(length).enumerated().map { $1 ^ key[$0 % 4] }
        return String(decoding: payload, as: UTF8.self)
    }
}
