/// The rules of names and rooms as data: what Redis's scripts do, in Swift.
///
/// The memory broker's heart, the simulation's Redis, and what the scripts are held against: the
/// same verbs with the same answers. Time is handed in; nothing in it expires by itself. On: one
/// owner; not shared.
public struct Store {
    /// How much of a room is kept.
    public struct Retention: Sendable, Hashable {
        /// So many messages,
        public let messages: Int
        /// so many bytes of JSON,
        public let bytes: Int
        /// and nothing older; whichever is least.
        public let milliseconds: Int64

        /// Messages, bytes and age; whichever is least.
        public init(
            messages: Int = Limits.historyMessages,
            bytes: Int = Limits.historyBytes,
            age: Duration = Limits.historyAge
        ) {
            self.messages = messages
            self.bytes = bytes
            self.milliseconds = age.inNanoseconds / 1_000_000
        }
    }

    /// The reign that was written into the data.
    struct Era {
        var reign: Reign
        var isGrace: Bool
        /// The last one given: in an epoch of its own they begin where no earlier one's can have
        /// got to.
        var lastFence: UInt64
    }

    let retention: Retention
    /// The present data set, which is another one than the era's after a restart.
    private var dataSet: String
    /// The time by which an empty data set's first epoch is chosen, in seconds since 1970: higher
    /// than every epoch before, whatever has been lost.
    public var unixSecond: UInt64
    /// Nil before the first `fence`.
    var era: Era?
    var beats: [Incarnation: UInt64] = [:]
    var dead: Set<Incarnation> = []
    var held: [Incarnation: Set<String>] = [:]
    var names = DenseTable<String, NameRecord>()
    var rooms: [RoomName: RoomLog] = [:]

    /// An empty data set, in which nothing reigns before the first `fence`.
    public init(dataSet: String, unixSecond: UInt64, retention: Retention = .init()) {
        self.dataSet = dataSet
        self.unixSecond = unixSecond
        self.retention = retention
    }

    /// Which reign is this? Begins a new one where the data set is empty, is another than the one
    /// stored, or is older than what the caller has seen.
    public mutating func fence(_ call: FenceCall) -> FenceAnswer {
        let era = era(after: call)
        self.era = era
        return .reign(era.reign, isGrace: era.isGrace)
    }

    private func era(after call: FenceCall) -> Era {
        let hasSeen = call.highestEpoch > 0
        guard let era else {
            let epoch = hasSeen ? max(unixSecond, call.highestEpoch + 1) : unixSecond
            return begun(epoch, call, isGrace: hasSeen || !call.isNewCluster)
        }
        let isNamesake =
            call.highestEpoch == era.reign.epoch && !call.highestDataSet.isEmpty
            && call.highestDataSet != era.reign.dataSet
        let isOther =
            era.reign.dataSet != dataSet || call.highestEpoch > era.reign.epoch || isNamesake
        guard isOther else { return era }
        return begun(max(era.reign.epoch, call.highestEpoch) + 1, call, isGrace: true)
    }

    /// 2^20 fences an epoch: so many claims a reign, before they could meet the next one's.
    private func begun(_ epoch: UInt64, _ call: FenceCall, isGrace: Bool) -> Era {
        Era(
            reign: Reign(epoch: epoch, dataSet: dataSet),
            isGrace: isGrace,
            lastFence: max(era?.lastFence ?? 0, call.highestFence, epoch << 20)
        )
    }

    /// Ends a reign's grace. False: another one reigns.
    public mutating func endGrace(_ reign: Reign) -> Bool {
        guard reigns(reign) else { return false }
        era?.isGrace = false
        return true
    }

    func reigns(_ reign: Reign) -> Bool {
        era?.reign == reign && reign.dataSet == dataSet
    }
}

// MARK: - Faults, for tests and the simulation

extension Store {
    /// The server restarts, or another one is promoted: the data stays, its id does not.
    public mutating func restart(dataSet: String) {
        self.dataSet = dataSet
    }

    /// Everything is lost. `unixSecond` stays where it is: who turns the clock sets it.
    public mutating func erase(dataSet: String) {
        self = Store(dataSet: dataSet, unixSecond: unixSecond, retention: retention)
    }
}
