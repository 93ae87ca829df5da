import ChatCore

/// Bounds what the backlogs of all rooms keep together. The batches are shared by all loops, so that each
/// loop bounds the whole, and all of them come to the same.
extension Shard {
    /// Counts bytes that were delivered, and weighs the backlogs when it is time.
    func countDelivered(_ bytes: Int) {
        unweighedBytes += bytes
        if unweighedBytes >= weighingBytes { weighBacklogs() }
    }

    /// Drops what is kept of the rooms in which nothing was said for the longest time, if all keep more than
    /// they may together. A client that comes back to one of them has what it missed read from the room's
    /// log.
    ///
    /// Cost: a look at each room.
    private func weighBacklogs() {
        unweighedBytes = 0
        var bytes = rooms.values.reduce(0) { $0 + $1.history.backlog.byteCount }
        guard bytes > maxBacklogBytes else { return }
        for room in rooms.values.sorted(by: { $0.deliveredAt < $1.deliveredAt }) {
            bytes -= room.shrink()
            guard bytes > maxBacklogBytes else { return }
        }
    }
}
