import ChatCore
import Synchronization

/// The high-water marks of one node, which all its loops read and raise.
///
/// On: any loop. The lock is taken when connections come and epochs change, never for a message.
final class SharedHighWaterMarks: Sendable {
    private let marks = Mutex(HighWaterMarks())
    private let fenceValue = Atomic<UInt64>(0)

    var epoch: Epoch { marks.withLock { $0.epoch } }
    var fence: UInt64 { fenceValue.load(ordering: .relaxed) }

    /// Returns the question for the present epoch with what this node has seen.
    func openEpochCall() -> OpenEpochCall {
        var marks = marks.withLock { $0 }
        marks.note(fence: fence)
        return marks.openEpochCall()
    }

    /// Notes an epoch. An empty data set means that only the number is known.
    func note(_ epoch: Epoch) {
        marks.withLock { $0.note(epoch) }
    }

    /// Notes a fencing token.
    func note(fence: UInt64) {
        fenceValue.max(fence, ordering: .relaxed)
    }
}
