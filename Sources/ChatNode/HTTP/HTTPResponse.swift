import ChatCore
import NIOCore
import NIOHTTP1

/// An answer to a request that is no upgrade, or to one that is refused.
struct HTTPResponse {
    var status: HTTPResponseStatus
    var contentType = "text/plain; charset=utf-8"
    var headers: [(name: String, value: String)] = []
    var body: ByteBuffer

    init(
        _ status: HTTPResponseStatus,
        _ text: String,
        headers: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.headers = headers
        body = ByteBuffer(string: text + "\n")
    }

    init(
        _ status: HTTPResponseStatus,
        _ body: ByteBuffer,
        contentType: String,
        headers: [(name: String, value: String)]
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    /// The answer to a request that does not become a WebSocket.
    init(_ refusal: Admission.Refusal) {
        let status = HTTPResponseStatus(statusCode: refusal.status)
        self.init(status, refusal.reason, headers: refusal.fields)
    }

    /// Returns the answer as it goes over the wire.
    ///
    /// `HEAD` gets the body's length without the body (RFC 9110 §9.3.2). A 304 has no body, and
    /// says nothing of the one that the client has (§15.4.5).
    func encode(keepAlive: Bool, isHead: Bool, allocator: ByteBufferAllocator) -> ByteBuffer {
        var text = "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n"
        if status.mayHaveResponseBody {
            text += "Content-Type: \(contentType)\r\nContent-Length: \(body.readableBytes)\r\n"
        }
        text += "X-Content-Type-Options: nosniff\r\n"
        text += keepAlive ? "" : "Connection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        text += "\r\n"
        var buffer = allocator.buffer(capacity: text.utf8.count + body.readableBytes)
        buffer.writeString(text)
        if !isHead { buffer.writeImmutableBuffer(body) }
        return buffer
    }
}
