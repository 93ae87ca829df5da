/// Says why an answer does not open a WebSocket.
public enum ClientHandshakeError: Error, Hashable, Sendable {
    /// The server refused with another status than 101; `body` is its explanation.
    case refused(status: Int, body: String)
    /// The answer is not HTTP/1.1; the value is its beginning.
    case notHTTP(String)
    /// The status is 101, but the answer violates RFC 6455, section 4.1.
    case notWebSocket(String)
    /// The head is longer than the limit.
    case tooLong(limitBytes: Int)
    /// The connection ended before the head was complete.
    case endedEarly
}

/// The client's side of the opening handshake (RFC 6455, section 4.1): makes the request, and
/// checks whether the answer opens a WebSocket.
public struct ClientHandshake {
    /// The request, to be sent before anything else.
    public let request: [UInt8]
    private let accept: String
    private let subprotocol: String?
    /// The answer so far; once its head is complete and not 101, its body.
    private var answer: [UInt8] = []
    private var refusal: (status: Int, contentLength: Int?)?

    /// Makes a request. `host` is the server's name as in the URL, with its port unless that is 80. If a
    /// subprotocol is offered, the server has to pick it.
    public init(
        host: String,
        path: String,
        subprotocol: String? = nil,
        headers: [(name: String, value: String)] = [],
        using generator: inout some RandomNumberGenerator
    ) {
        var nonce: [UInt8] = []
        for _ in 0..<2 { withUnsafeBytes(of: generator.next()) { nonce += $0 } }
        let key = Base64.encode(nonce)
        accept = Handshake.acceptKey(for: key)
        self.subprotocol = subprotocol
        let offer = subprotocol.map { [(name: "Sec-WebSocket-Protocol", value: $0)] } ?? []
        let lines =
            [
                "GET \(path) HTTP/1.1", "Host: \(host)", "Upgrade: websocket",
                "Connection: Upgrade", "Sec-WebSocket-Key: \(key)", "Sec-WebSocket-Version: 13",
            ] + (offer + headers).map { "\($0.name): \($0.value)" }
        request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// Takes the next bytes of the answer. When the WebSocket is open, returns how many of them
    /// belong to the handshake: the rest are frames.
    ///
    /// Fails: also if the server refused and its explanation is complete.
    public mutating func consume(_ bytes: RawSpan) throws(ClientHandshakeError) -> Int? {
        let before = answer.count
        bytes.withUnsafeBytes { answer.append(contentsOf: $0) }
        if refusal == nil {
            guard let end = headEnd(from: before) else {
                guard answer.count <= Limits.answerHeadBytes else {
                    throw .tooLong(limitBytes: Limits.answerHeadBytes)
                }
                return nil
            }
            let head = Head(answer[..<end])
            guard let status = head.status else {
                throw .notHTTP(String(decoding: answer.prefix(80), as: UTF8.self))
            }
            guard status != 101 else {
                try check(head)
                return end - before
            }
            refusal = (status, head["Content-Length"].first.flatMap { Int($0) })
            answer.removeFirst(end)
        }
        if let length = refusal?.contentLength, answer.count >= length { throw ended() }
        guard answer.count <= Limits.answerBodyBytes else { throw ended() }
        return nil
    }

    /// Returns the error if the connection ends here.
    public func ended() -> ClientHandshakeError {
        guard let refusal else { return .endedEarly }
        let length = min(refusal.contentLength ?? .max, Limits.answerBodyBytes)
        let body = String(decoding: answer.prefix(max(0, length)), as: UTF8.self)
        return .refused(status: refusal.status, body: body)
    }

    /// Checks the answer by steps 2 to 6 of what a client must check.
    private func check(_ head: Head) throws(ClientHandshakeError) {
        guard Handshake.contains("websocket", in: head["Upgrade"]) else {
            throw .notWebSocket("the answer has no \"Upgrade: websocket\"")
        }
        guard Handshake.contains("upgrade", in: head["Connection"]) else {
            throw .notWebSocket("the answer has no \"Connection: Upgrade\"")
        }
        guard head["Sec-WebSocket-Accept"] == [accept] else {
            throw .notWebSocket("Sec-WebSocket-Accept does not fit the key")
        }
        let picked = head["Sec-WebSocket-Protocol"]
        guard head["Sec-WebSocket-Extensions"].isEmpty, picked.isEmpty || picked == [subprotocol]
        else { throw .notWebSocket("the answer agrees to what was not asked for") }
        if let subprotocol, picked.isEmpty {
            throw .notWebSocket("the server does not speak \(subprotocol)")
        }
    }

    /// Returns the end of the empty line that ends the head; the line may have begun in earlier
    /// bytes.
    private func headEnd(from before: Int) -> Int? {
        var index = max(3, before)
        while index < answer.count {
            if answer[index] == 0x0A, answer[index - 1] == 0x0D, answer[index - 2] == 0x0A,
                answer[index - 3] == 0x0D
            {
                return index + 1
            }
            index += 1
        }
        return nil
    }
}

/// The head of an HTTP answer.
private struct Head {
    /// The status; nil if the answer is not HTTP/1.1.
    let status: Int?
    private let fields: [(name: String, value: String)]

    init(_ bytes: ArraySlice<UInt8>) {
        let lines = bytes.split(separator: 0x0A).map { line in
            String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
        }
        let first = lines.first ?? ""
        status = first.hasPrefix("HTTP/1.1 ") ? Int(first.dropFirst(9).prefix(3)) : nil
        fields = lines.dropFirst().compactMap { line in
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            return (line[..<colon].lowercased(), String(value))
        }
    }

    subscript(name: String) -> [String] {
        let name = name.lowercased()
        return fields.filter { $0.name == name }.map(\.value)
    }
}
