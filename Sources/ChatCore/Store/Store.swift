/// Keeps names and rooms in memory, and does in Swift what the scripts do in Redis.
///
/// It is the store of the memory broker and the simulation's Redis, and tests compare the scripts with
/// it: the same calls get the same answers. Time is handed in; nothing in it expires by itself. On: one
/// owner; not shared.
public struct Store {
    /// The part of a room's messages that is kept: the least that one of the first three bounds allows; and when
    /// one of them may be taken back.
    public struct Retention: Sendable, Hashable {
        /// The number of messages at most.
        public let messages: Int
        /// The bytes of JSON at most.
        public let bytes: Int
        /// The age at most, in milliseconds.
        public let milliseconds: Int64
        /// The milliseconds in which its sender may take a message back; 0: it may not.
        public let removalWindow: Int64
        /// The milliseconds between two removals in a room, at least.
        public let removalPause: Int64

        /// How long a silent room and a free name are remembered, in milliseconds. Not less than messages
        /// are kept: a room whose top was forgotten before them would give their numbers again.
        public var memory: Int64 {
            max(milliseconds, Limits.historyAge.inNanoseconds / 1_000_000)
        }

        /// Creates the bounds of what is kept.
        public init(
            messages: Int = Limits.historyMessages,
            bytes: Int = Limits.historyBytes,
            age: Duration = Limits.historyAge,
            removalWindow: Duration = Limits.removalWindow,
            removalPause: Duration = Limits.removalPause
        ) {
            self.messages = messages
            self.bytes = bytes
            milliseconds = age.inNanoseconds / 1_000_000
            self.removalWindow = removalWindow.inNanoseconds / 1_000_000
            self.removalPause = removalPause.inNanoseconds / 1_000_000
        }
    }

    /// The epoch that was written into the data.
    struct EpochState {
        var epoch: Epoch
        var isGrace: Bool
        /// The last fence given. The fences of an epoch begin above all that an earlier one can have
        /// given.
        var lastFence: UInt64
    }

    var retention: Retention
    /// The present data set, which differs from the stored epoch's after a restart.
    private var dataSet: String
    /// The time in seconds since 1970, from which the first epoch of an empty data set takes its number:
    /// it is higher than every epoch before, whatever data was lost.
    public var unixSecond: UInt64
    /// The stored epoch; nil before the first `openEpoch`.
    var epochState: EpochState?
    var heartbeats: [Incarnation: UInt64] = [:]
    var dead: Set<Incarnation> = []
    var held: [Incarnation: Set<String>] = [:]
    var names = DenseTable<String, NameRecord>()
    typealias Rooms = [RoomName: RoomLog]
    var rooms: Rooms = [:]
    /// Whether a record may be kept of a free name.
    public internal(set) var hasFreeNames = false
    /// The logins that were replaced since they were taken last.
    var replaced: [Replacement] = []
    /// Who is present in each room.
    var presence = DenseTable<RoomName, RoomPresence>()
    /// The rooms in which the present call has changed who is present, in the order of its changes.
    var changedPresence: [RoomName] = []
    /// The changes that were not taken yet.
    var presenceChanges: [PresenceChange] = []

    /// Creates an empty data set, which has no epoch before the first `openEpoch`.
    public init(dataSet: String, unixSecond: UInt64, retention: Retention = .init()) {
        self.dataSet = dataSet
        self.unixSecond = unixSecond
        self.retention = retention
    }

    /// Returns the present epoch. Begins a new one if the data set is empty, is another than the one
    /// stored, or is older than what the caller has seen.
    public mutating func openEpoch(_ call: OpenEpochCall) -> OpenEpochAnswer {
        let epochState = epochState(after: call)
        self.epochState = epochState
        return .epoch(epochState.epoch, isGrace: epochState.isGrace)
    }

    private func epochState(after call: OpenEpochCall) -> EpochState {
        let hasSeen = call.highestEpoch > 0
        guard let epochState else {
            let epoch = hasSeen ? max(unixSecond, call.highestEpoch + 1) : unixSecond
            return begun(epoch, call, isGrace: hasSeen || !call.isNewCluster)
        }
        let isNamesake =
            call.highestEpoch == epochState.epoch.number && !call.highestDataSet.isEmpty
            && call.highestDataSet != epochState.epoch.dataSet
        let isOther =
            epochState.epoch.dataSet != dataSet || call.highestEpoch > epochState.epoch.number
            || isNamesake
        guard isOther else { return epochState }
        return begun(max(epochState.epoch.number, call.highestEpoch) + 1, call, isGrace: true)
    }

    /// Creates an epoch. Its fences begin at its number × 2^20: an epoch can have 2^20 claims before a
    /// fence could be one of the next epoch's.
    private func begun(_ epoch: UInt64, _ call: OpenEpochCall, isGrace: Bool) -> EpochState {
        EpochState(
            epoch: Epoch(number: epoch, dataSet: dataSet),
            isGrace: isGrace,
            lastFence: max(epochState?.lastFence ?? 0, call.highestFence, epoch << 20)
        )
    }

    /// Removes and returns the logins whose names claims have taken over since the last call: their
    /// processes are to be told.
    public mutating func takeReplaced() -> [Replacement] {
        guard !replaced.isEmpty else { return [] }
        defer { replaced = [] }
        return replaced
    }

    /// Ends an epoch's grace. Returns false if another epoch is the present one.
    public mutating func endGrace(_ epoch: Epoch) -> Bool {
        guard isCurrent(epoch) else { return false }
        epochState?.isGrace = false
        return true
    }

    /// Whether an epoch is the present one.
    func isCurrent(_ epoch: Epoch) -> Bool {
        epochState?.epoch == epoch && epoch.dataSet == dataSet
    }
}

// MARK: - For tests

/// What no node uses. It is public because the tests that compare the store with Redis, in another
/// module, do to the store what happens to a server's data.
extension Store {
    /// Restarts the server, or promotes another one: the data stays, its id changes.
    public mutating func restart(dataSet: String) {
        self.dataSet = dataSet
    }

    /// Loses all data. `unixSecond` stays: a test that moves the clock sets it.
    public mutating func erase(dataSet: String) {
        self = Store(dataSet: dataSet, unixSecond: unixSecond, retention: retention)
    }

    /// Returns all that is kept of a room, in the order in which it was written.
    public func history(of room: RoomName) -> [Publication] {
        rooms[room]?.all ?? []
    }
}
