/// One reign of one data set: what every call names, so that nothing that was decided under another
/// one is written into this one.
public struct Reign: Hashable, Sendable {
    /// Higher for each restart, failover, loss or roll-back of the data.
    public let epoch: UInt64
    /// Redis's `master_replid`, new for every restart and every promotion: what tells a reign from
    /// its own copy on a server that has been demoted.
    public let dataSet: String

    /// A reign by its number and its data set.
    public init(epoch: UInt64, dataSet: String) {
        self.epoch = epoch
        self.dataSet = dataSet
    }
}

/// The first question on every new connection, and after every answer that named another reign.
public struct FenceCall: Sendable, Hashable {
    /// The highest epoch this process has seen; 0: none yet.
    public let highestEpoch: UInt64
    /// The data set it was seen with; empty: not known. Data that was rolled back may be about to give
    /// the same number once more.
    public let highestDataSet: String
    /// The highest fence it has seen; 0: none yet.
    public let highestFence: UInt64
    /// There is nobody to wait for: counts only where this very call begins an empty data set.
    public let isNewCluster: Bool

    /// What this process knows.
    public init(
        highestEpoch: UInt64,
        highestDataSet: String = "",
        highestFence: UInt64,
        isNewCluster: Bool
    ) {
        self.highestEpoch = highestEpoch
        self.highestDataSet = highestDataSet
        self.highestFence = highestFence
        self.isNewCluster = isNewCluster
    }
}

/// What reigns.
public enum FenceAnswer: Sendable, Hashable {
    /// This one; in its grace only names held before are granted.
    case reign(Reign, isGrace: Bool)
    /// What is kept has the form of another version of this program, and is not to be touched.
    case otherVersion(version: UInt64)
}
