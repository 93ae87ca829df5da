/// The highest epoch and fencing token that a process has seen: whatever is lost, the ones that come
/// after must be higher.
public struct HighWaterMarks: Sendable, Hashable {
    /// The highest epoch; its data set is empty if only the number is known.
    public private(set) var epoch = Epoch(number: 0, dataSet: "")
    /// The highest fencing token that a name of this process was granted with.
    public private(set) var fence: UInt64 = 0

    /// Creates the marks of a process that has seen nothing.
    public init() {}

    /// Notes an epoch. An empty data set means that only the number is known.
    public mutating func note(_ new: Epoch) {
        if new.number > epoch.number || (new.number == epoch.number && !new.dataSet.isEmpty) {
            epoch = new
        }
    }

    /// Notes a fencing token.
    public mutating func note(fence new: UInt64) {
        fence = max(fence, new)
    }

    /// Returns the question for the present epoch with what this process has seen.
    public func openEpochCall(isNewCluster: Bool = false) -> OpenEpochCall {
        OpenEpochCall(
            highestEpoch: epoch.number,
            highestDataSet: epoch.dataSet,
            highestFence: fence,
            isNewCluster: isNewCluster
        )
    }
}
