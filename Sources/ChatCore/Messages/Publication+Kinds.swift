/// The kinds of entries: a `chat`, which all clients are sent, or another one, which those that do not know
/// rooms are not. The body says which it is.
extension Publication.Item {
    /// Whether the entry is a `chat`. A body is written by a node, and begins with its type.
    ///
    /// Cost: a comparison of sixteen bytes.
    var isChat: Bool {
        let body = body.span.bytes
        guard body.byteCount > Self.chat.utf8CodeUnitCount, body.equals(Self.type, at: 0) else {
            return true
        }
        return body.equals(Self.chat, at: 0)
    }

    private static let type: StaticString = #"{"type":""#
    private static let chat: StaticString = #"{"type":"chat""#
}

extension Publication {
    /// Calls `body` with the messages in their order, framed: in one batch if all are of one kind, as
    /// nearly always.
    public func forEachBatch(isRepeated: Bool = false, _ body: (FramedBatch) -> Void) {
        var start = 0
        while start < items.count {
            let isChat = items[start].isChat
            let end = items[start...].firstIndex { $0.isChat != isChat } ?? items.count
            let part = start == 0 && end == items.count ? self : piece(start..<end)
            body(FramedBatch(framing: part, isRepeated: isRepeated))
            start = end
        }
    }

    /// Returns the messages in batches.
    var batches: [FramedBatch] {
        var batches: [FramedBatch] = []
        forEachBatch { batches.append($0) }
        return batches
    }
}
