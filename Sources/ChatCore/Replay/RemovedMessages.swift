/// The ids of a room's messages that were taken back while the room is heard, the newest of them: a page of the
/// log that was read before that, or from a Redis that has lost it, has their texts still.
struct RemovedMessages: Sendable {
    private var mids: Set<MessageID> = []
    /// The same in order, so that the oldest is forgotten first.
    private var order = FIFO<MessageID>()

    var isEmpty: Bool { mids.isEmpty }

    mutating func add(_ mid: MessageID) {
        guard mids.insert(mid).inserted else { return }
        order.append(mid)
        if mids.count > Limits.recentRemovals, let oldest = order.popFirst() {
            mids.remove(oldest)
        }
    }

    /// Returns those of these messages that are in a batch.
    ///
    /// Cost: a look at each frame.
    func found(in batch: FramedBatch) -> [MessageID] {
        (0..<batch.count).compactMap { batch.position(of: $0)?.mid }.filter(mids.contains)
    }

    /// Returns entries without the texts of these messages.
    func blanking(_ entries: [Publication], in room: RoomName) -> [Publication] {
        guard !isEmpty else { return entries }
        let blank = RemovedBody.blank(in: room)
        return entries.map { entry in
            guard entry.items.contains(where: { mids.contains($0.mid) }) else { return entry }
            return entry.withBodies { _, item in
                mids.contains(item.mid) && item.isChat ? blank : nil
            }
        }
    }
}
