/// The faults found between senders and recipients.
struct Faults: Equatable, Sendable {
    /// Messages that a recipient never got, added up over all recipients.
    var lost = 0
    /// Messages that a recipient got again.
    var doubled = 0
    /// Messages that a recipient got after a later one of the same sender.
    var outOfOrder = 0
    /// Places in the order (`seq`) that a recipient did not receive, or received again.
    var seqBreaks = 0
    /// Recipients that have all messages of their room and received them in another order than most.
    var disagreeing = 0
    /// Messages of a room that reached a recipient of another room.
    var astray = 0
    /// Messages whose sender never got an `ack`, and `ack`s that were not due.
    var unacknowledged = 0
    var undueAcks = 0

    static func + (left: Faults, right: Faults) -> Faults {
        Faults(
            lost: left.lost + right.lost,
            doubled: left.doubled + right.doubled,
            outOfOrder: left.outOfOrder + right.outOfOrder,
            seqBreaks: left.seqBreaks + right.seqBreaks,
            disagreeing: left.disagreeing + right.disagreeing,
            astray: left.astray + right.astray,
            unacknowledged: left.unacknowledged + right.unacknowledged,
            undueAcks: left.undueAcks + right.undueAcks
        )
    }
}

/// Checks for one group's recipients whether each gets every message of its room once, and all of a
/// room in one order.
///
/// Cost: constant time for each receipt, four bytes for each pair of a recipient and a sender of its room.
struct Ledger {
    /// What all recipients of a room must have in common: the number of this run's messages, and their
    /// order.
    struct Digest: Hashable, Sendable {
        var room: UInt32
        var count = 0
        var order: UInt64 = 0xCBF2_9CE4_8422_2325
    }

    private let senders: Int
    private let rooms: BenchRooms
    /// The number of senders for which a recipient has room in `expected`.
    private let width: Int
    /// The number of the next message of each sender of a recipient's room, for each recipient in turn.
    private var expected: [UInt32]
    private var lastSeq: [UInt64?]
    private var digests: [Digest]
    /// The messages that were skipped and may still come, by recipient. Empty if there are no
    /// faults.
    private var missing: [Int: Set<UInt64>] = [:]
    private var faults = Faults()

    /// `room` tells the room of a recipient by its place.
    init(
        recipients: Int,
        senders: Int,
        rooms: BenchRooms = .lobby,
        room: (Int) -> Int = { _ in 0 }
    ) {
        self.senders = senders
        self.rooms = rooms
        width = rooms.mostSenders(of: senders)
        expected = Array(repeating: 0, count: recipients * width)
        lastSeq = Array(repeating: nil, count: recipients)
        digests = (0..<recipients).map { Digest(room: UInt32(room($0))) }
    }

    private func index(_ sender: Int, at recipient: Int) -> Int {
        recipient * width + rooms.index(of: sender)
    }

    /// Notes that a recipient has received one of this run's messages. Returns whether it is of its room,
    /// and received for the first time.
    mutating func hear(_ heard: StampCodec.Heard, at recipient: Int) -> Bool {
        let stamp = heard.stamp
        guard rooms.room(of: Int(stamp.sender)) == digests[recipient].room else {
            faults.astray += 1
            return false
        }
        if let seq = heard.seq { place(seq, at: recipient) }
        let index = index(Int(stamp.sender), at: recipient)
        let next = expected[index]
        if stamp.number == next {
            expected[index] = next &+ 1
        } else if !hearUnexpected(stamp, next: next, at: recipient) {
            return false
        }
        let name = UInt64(stamp.sender) << 32 | UInt64(stamp.number)
        digests[recipient].count += 1
        // FNV-1a over whole words: another order gives another number.
        digests[recipient].order = (digests[recipient].order ^ name) &* 0x0000_0100_0000_01B3
        return true
    }

    private mutating func hearUnexpected(_ stamp: Stamp, next: UInt32, at recipient: Int) -> Bool {
        let sender = UInt64(stamp.sender) << 32
        if stamp.number > next {
            for number in next..<stamp.number {
                missing[recipient, default: []].insert(sender | UInt64(number))
            }
            expected[index(Int(stamp.sender), at: recipient)] = stamp.number &+ 1
            return true
        }
        guard missing[recipient]?.remove(sender | UInt64(stamp.number)) != nil else {
            faults.doubled += 1
            return false
        }
        faults.outOfOrder += 1
        return true
    }

    /// Notes that a recipient has received a message, of this run or not, with this place in the
    /// order of its room; or that it stands at this place when the run begins.
    mutating func place(_ seq: UInt64, at recipient: Int) {
        if let last = lastSeq[recipient], seq != last &+ 1 { faults.seqBreaks += 1 }
        lastSeq[recipient] = seq
    }

    /// Returns the number of the next message that a recipient expects of a sender.
    func next(of sender: Int, at recipient: Int) -> UInt32 {
        expected[index(sender, at: recipient)]
    }

    /// Returns all faults so far, if `sent[s]` messages of each sender should have arrived at every
    /// recipient of its room; a recipient that is gone lacks what was sent since.
    func settle(sent: [UInt32]) -> Faults {
        var faults = faults
        for recipient in digests.indices {
            faults.lost += missing[recipient]?.count ?? 0
            let room = Int(digests[recipient].room)
            for sender in rooms.senders(in: room, of: senders) {
                faults.lost +=
                    Int(sent[sender]) - Int(min(sent[sender], next(of: sender, at: recipient)))
            }
        }
        return faults
    }

    /// Returns the digests of the recipients, and how many recipients have each.
    func digests(of recipients: some Sequence<Int>) -> [Digest: Int] {
        var kinds: [Digest: Int] = [:]
        for recipient in recipients { kinds[digests[recipient], default: 0] += 1 }
        return kinds
    }

    /// Returns how many recipients disagree with the rest of their room about the order of the same
    /// messages.
    static func disagreeing(_ kinds: [Digest: Int]) -> Int {
        var orders: [Digest: [Int]] = [:]
        for (digest, count) in kinds {
            orders[Digest(room: digest.room, count: digest.count), default: []].append(count)
        }
        return orders.values.reduce(0) { $0 + $1.reduce(0, +) - ($1.max() ?? 0) }
    }
}
