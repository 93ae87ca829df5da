/// Why what answered is no WebSocket.
public enum ClientHandshakeError: Error, Hashable, Sendable {
    /// Another status than 101, with what the server says about it.
    case refused(status: Int, body: String)
    /// No HTTP/1.1 at all; the first of what came instead.
    case notHTTP(String)
    /// Status 101, but not as RFC 6455, section 4.1, demands.
    case notWebSocket(String)
    /// A head longer than this.
    case tooLong(limitBytes: Int)
    /// The connection ended before the head was complete.
    case endedEarly
}

/// The client's side of the opening handshake (RFC 6455, section 4.1): what is asked, and whether
/// the answer opens a WebSocket.
public struct ClientHandshake {
    /// To be sent first of all.
    public let request: [UInt8]
    private let accept: String
    /// The answer so far; once its head is complete and not 101, its body.
    private var answer: [UInt8] = []
    private var refusal: (status: Int, contentLength: Int?)?

    /// `host` is what stands in the address: the server's name, and its port unless that is 80.
    public init(
        host: String,
        path: String,
        headers: [(name: String, value: String)] = [],
        using generator: inout some RandomNumberGenerator
    ) {
        var nonce: [UInt8] = []
        for _ in 0..<2 { withUnsafeBytes(of: generator.next()) { nonce += $0 } }
        let key = Base64.encode(nonce)
        accept = Handshake.acceptKey(for: key)
        let lines =
            [
                "GET \(path) HTTP/1.1", "Host: \(host)", "Upgrade: websocket",
                "Connection: Upgrade", "Sec-WebSocket-Key: \(key)", "Sec-WebSocket-Version: 13",
            ] + headers.map { "\($0.name): \($0.value)" }
        request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// Takes the next bytes of the answer. When the WebSocket is open, says how many of them belong
    /// to the handshake: the rest is frames.
    ///
    /// Fails: also when it has been refused and all that the server says about it has come.
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

    /// What it means that the connection ends here.
    public func ended() -> ClientHandshakeError {
        guard let refusal else { return .endedEarly }
        let length = min(refusal.contentLength ?? .max, Limits.answerBodyBytes)
        let body = String(decoding: answer.prefix(max(0, length)), as: UTF8.self)
        return .refused(status: refusal.status, body: body)
    }

    /// Steps 2 to 6 of what a client must check.
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
        guard head["Sec-WebSocket-Extensions"].isEmpty, head["Sec-WebSocket-Protocol"].isEmpty
        else { throw .notWebSocket("the answer agrees to what was not asked for") }
    }

    /// Where the empty line ends that ends the head; it may have begun in what came before.
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
    /// Nil where it is not HTTP/1.1.
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
