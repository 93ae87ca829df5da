/// The first question on every new connection, and after every answer that named another epoch.
public struct OpenEpochCall: Sendable, Hashable {
    /// The highest epoch this process has seen; 0: none yet.
    public let highestEpoch: UInt64
    /// The data set of that epoch; empty: not known. Data that was rolled back may be about to give
    /// the same number once more.
    public let highestDataSet: String
    /// The highest fence this process has seen; 0: none yet.
    public let highestFence: UInt64
    /// Whether no other process can hold a name, so that no grace is needed: used only if this very
    /// call starts an empty data set.
    public let isNewCluster: Bool

    /// Makes the question of what this process knows.
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

/// The answer to an `OpenEpochCall`.
public enum OpenEpochAnswer: Sendable, Hashable {
    /// The current epoch; in its grace only names held before are granted.
    case epoch(Epoch, isGrace: Bool)
    /// The data was written by another version of this program, and must not be changed.
    case otherVersion(version: UInt64)
}
