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
        guard !isOfOneKind else { return body(FramedBatch(framing: self, isRepeated: isRepeated)) }
        var start = 0
        while start < items.count {
            let isChat = items[start].isChat
            let end = items[start...].firstIndex { $0.isChat != isChat } ?? items.count
            body(FramedBatch(framing: piece(start..<end), isRepeated: isRepeated))
            start = end
        }
    }

    /// Whether all messages are of one kind, as nearly always, so that one batch frames them.
    public var isOfOneKind: Bool {
        guard items.count > 1 else { return true }
        let isChat = items[0].isChat
        for index in 1..<items.count where items[index].isChat != isChat { return false }
        return true
    }

    /// Returns the messages in batches.
    var batches: [FramedBatch] {
        var batches: [FramedBatch] = []
        forEachBatch { batches.append($0) }
        return batches
    }
}
