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
    /// Recipients that have all messages and received them in another order than most.
    var disagreeing = 0

    static func + (left: Faults, right: Faults) -> Faults {
        Faults(
            lost: left.lost + right.lost,
            doubled: left.doubled + right.doubled,
            outOfOrder: left.outOfOrder + right.outOfOrder,
            seqBreaks: left.seqBreaks + right.seqBreaks,
            disagreeing: left.disagreeing + right.disagreeing
        )
    }
}

/// Checks for one group's recipients whether each gets every message once, and all in one order.
///
/// Cost: constant time for each receipt, four bytes for each pair of recipient and sender.
struct Ledger {
    /// What all recipients must have in common: the number of this run's messages, and their order.
    struct Digest: Hashable, Sendable {
        var count = 0
        var order: UInt64 = 0xCBF2_9CE4_8422_2325
    }

    private let senders: Int
    /// The number of each sender's next message, for each recipient in turn.
    private var expected: [UInt32]
    private var lastSeq: [UInt64?]
    private var digests: [Digest]
    /// The messages that were skipped and may still come, by recipient. Empty if there are no
    /// faults.
    private var missing: [Int: Set<UInt64>] = [:]
    private var faults = Faults()

    init(recipients: Int, senders: Int) {
        self.senders = senders
        expected = Array(repeating: 0, count: recipients * senders)
        lastSeq = Array(repeating: nil, count: recipients)
        digests = Array(repeating: Digest(), count: recipients)
    }

    /// Notes that a recipient has received one of this run's messages. Returns whether it is the
    /// first time.
    mutating func hear(_ heard: StampCodec.Heard, at recipient: Int) -> Bool {
        let stamp = heard.stamp
        if let seq = heard.seq { place(seq, at: recipient) }
        let index = recipient * senders + Int(stamp.sender)
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
            expected[recipient * senders + Int(stamp.sender)] = stamp.number &+ 1
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
    /// order.
    mutating func place(_ seq: UInt64, at recipient: Int) {
        if let last = lastSeq[recipient], seq != last &+ 1 { faults.seqBreaks += 1 }
        lastSeq[recipient] = seq
    }

    /// Returns the number of the next message that a recipient expects of a sender.
    func next(of sender: Int, at recipient: Int) -> UInt32 {
        expected[recipient * senders + sender]
    }

    /// Returns all faults so far, if `sent[s]` messages of each sender should have arrived at every
    /// recipient; a recipient that is gone lacks what was sent since.
    func settle(sent: [UInt32]) -> Faults {
        var faults = faults
        for recipient in digests.indices {
            faults.lost += missing[recipient]?.count ?? 0
            for sender in 0..<senders {
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

    /// Returns how many recipients disagree with the rest about the order of the same messages.
    static func disagreeing(_ kinds: [Digest: Int]) -> Int {
        var orders: [Int: [Int]] = [:]
        for (digest, count) in kinds { orders[digest.count, default: []].append(count) }
        return orders.values.reduce(0) { $0 + $1.reduce(0, +) - ($1.max() ?? 0) }
    }
}
