/// Messages of one socket that wait for an answer, in order, bounded.
struct WaitingMessages: Sendable {
    private var messages: [[UInt8]] = []
    private var byteCount = 0

    var isEmpty: Bool { messages.isEmpty }
    var first: [UInt8]? { messages.first }

    /// False where there is no room for it.
    mutating func append(_ message: RawSpan) -> Bool {
        guard messages.count < Limits.waitingMessages,
            byteCount + message.byteCount <= Limits.waitingMessageBytes
        else { return false }
        messages.append(message.withUnsafeBytes { Array($0) })
        byteCount += message.byteCount
        return true
    }

    mutating func removeFirst() {
        byteCount -= messages.removeFirst().count
        // An idle session keeps no buffer.
        if messages.isEmpty { messages = [] }
    }
}
