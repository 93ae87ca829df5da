/// The ids of a room's messages that were taken back while the room is heard, the newest of them: a page of the
/// log that was read before that, or from a Redis that has lost it, has their texts still.
struct RemovedMessages: Sendable {
    private var mids: Set<MessageID> = []
    /// The same in order, so that the oldest is forgotten first, each with the number of the entry that says so.
    private var order: [(place: MessagePlace, seq: UInt64)] = []

    var isEmpty: Bool { mids.isEmpty }

    mutating func add(_ place: MessagePlace, at seq: UInt64) {
        // One that was made once more, after a loss, is as new as that.
        if !mids.insert(place.mid).inserted { order.removeAll { $0.place.mid == place.mid } }
        order.append((place, seq))
        guard order.count > Limits.recentRemovals else { return }
        mids.remove(order.removeFirst().place.mid)
    }

    /// Returns those whose removal a history that was reset to a number does not have, each once for a loss. The
    /// history may have the messages even beyond that number, which is where both are known to agree.
    ///
    /// Cost: a look at each.
    mutating func takeLost(after seq: UInt64) -> [MessagePlace] {
        let lost = order.indices.filter { order[$0].seq > seq }
        // A message that is gone with the data is not taken back once more.
        for index in lost { order[index].seq = 0 }
        return lost.map { order[$0].place }
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
