/// The requests of one socket that wait for an answer, in order, bounded.
struct WaitingMessages: Sendable {
    /// A request with the text that it refers to.
    struct Message: Sendable {
        let request: Session.Request
        let text: [UInt8]
    }

    private var messages: [Message] = []
    /// Added up each time, over a few messages. Layout: so an idle session needs no word for it.
    private var byteCount: Int { messages.reduce(0) { $0 + $1.text.count } }

    var isEmpty: Bool { messages.isEmpty }
    var first: Message? { messages.first }

    /// Adds a message; returns false if there is no room for it.
    mutating func append(_ request: Session.Request, _ text: RawSpan) -> Bool {
        guard messages.count < Limits.waitingMessages,
            byteCount + text.byteCount <= Limits.waitingMessageBytes
        else { return false }
        messages.append(Message(request: request, text: text.withUnsafeBytes { Array($0) }))
        return true
    }

    mutating func removeFirst() {
        messages.removeFirst()
        // An idle session keeps no buffer.
        if messages.isEmpty { messages = [] }
    }
}
