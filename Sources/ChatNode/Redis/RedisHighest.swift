import ChatCore
import Synchronization

/// The highest epoch and fence that any loop of this node has seen: whatever is lost, what comes
/// after must be higher.
///
/// On: any loop. The lock is taken when connections come and reigns change, never for a message.
final class RedisHighest: Sendable {
    private let reignValue = Mutex(Reign(epoch: 0, dataSet: ""))
    private let fenceValue = Atomic<UInt64>(0)

    /// Its data set is empty where only the number is known.
    var reign: Reign { reignValue.withLock { $0 } }
    var fence: UInt64 { fenceValue.load(ordering: .relaxed) }

    func saw(_ new: Reign) {
        reignValue.withLock { reign in
            let isKnown = !new.dataSet.isEmpty
            if new.epoch > reign.epoch || (new.epoch == reign.epoch && isKnown) { reign = new }
        }
    }

    func saw(fence: UInt64) {
        fenceValue.max(fence, ordering: .relaxed)
    }
}
