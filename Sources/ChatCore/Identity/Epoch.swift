/// One epoch of one data set. Every call names it, so that nothing decided in another epoch is
/// written into this one.
public struct Epoch: Hashable, Sendable {
    /// The epoch's number, higher for each restart, failover, loss or roll-back of the data.
    public let number: UInt64
    /// Redis's `master_replid`, new for every restart and every promotion: it distinguishes an
    /// epoch from its own copy on a server that has been demoted.
    public let dataSet: String

    /// Makes an epoch of its number and its data set.
    public init(number: UInt64, dataSet: String) {
        self.number = number
        self.dataSet = dataSet
    }
}
