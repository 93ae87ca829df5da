import ChatCore

/// All timeouts of one loop's sockets, in buckets one tick wide: one timer serves all of them.
///
/// An entry is a reminder, not a promise: the socket that is reminded checks whether anything is
/// due, and asks again. So to put off a timeout costs nothing.
struct Wheel {
    /// The buckets cover 64 s at a tick of 250 ms; a socket whose timeout is further off is
    /// reminded once before.
    private static let bucketCount = 256

    private let tick: Int64
    private var buckets: [[SocketID]]
    /// The number of the tick that `advance` has reached.
    private var position: Int64

    init(tick: Duration = Limits.wheelTick, now: Instant) {
        self.tick = tick.inNanoseconds
        buckets = Array(repeating: [], count: Self.bucketCount)
        position = now.nanoseconds / self.tick
    }

    /// Reminds a socket at or up to one tick after `instant`.
    mutating func schedule(_ id: SocketID, at instant: Instant) {
        let wanted = instant.nanoseconds / tick + 1
        let last = position + Int64(Self.bucketCount - 1)
        let number = min(max(wanted, position + 1), last)
        buckets[Int(number % Int64(Self.bucketCount))].append(id)
    }

    /// Returns the sockets to be reminded now.
    mutating func advance(to now: Instant) -> [SocketID] {
        var due: [SocketID] = []
        let target = now.nanoseconds / tick
        // After a long stop, too, each bucket is visited only once.
        position = max(position, target - Int64(Self.bucketCount))
        while position < target {
            position += 1
            let index = Int(position % Int64(Self.bucketCount))
            guard !buckets[index].isEmpty else { continue }
            due += buckets[index]
            buckets[index].removeAll()
        }
        return due
    }
}
