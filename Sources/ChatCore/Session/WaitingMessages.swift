/// Messages of one socket that wait for an answer, in order, bounded.
struct WaitingMessages: Sendable {
    private var messages: [[UInt8]] = []
    /// Added up anew each time, of a few: a session that idles has no word for it.
    private var byteCount: Int { messages.reduce(0) { $0 + $1.count } }

    var isEmpty: Bool { messages.isEmpty }
    var first: [UInt8]? { messages.first }

    /// False where there is no room for it.
    mutating func append(_ message: RawSpan) -> Bool {
        guard messages.count < Limits.waitingMessages,
            byteCount + message.byteCount <= Limits.waitingMessageBytes
        else { return false }
        messages.append(message.withUnsafeBytes { Array($0) })
        return true
    }

    mutating func removeFirst() {
        messages.removeFirst()
        // An idle session keeps no buffer.
        if messages.isEmpty { messages = [] }
    }
}
