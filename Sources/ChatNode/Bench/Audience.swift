/// When the last recipient of a crew has heard a message.
///
/// Cost: four bytes for each message that is on its way, constant time for each that is heard.
struct Audience {
    /// The messages of one sender that somebody has heard and somebody else has not.
    private struct Lane {
        /// The number of the first one.
        var first: UInt32 = 0
        /// Who still lacks it, from `head` on.
        var lacking: [UInt32] = []
        var head = 0

        mutating func dropComplete() {
            while head < lacking.count, lacking[head] == 0 {
                head += 1
                first += 1
            }
            // Now and then, so that the cost is shared out.
            guard head == lacking.count || head >= 4096 else { return }
            lacking.removeFirst(head)
            head = 0
        }
    }

    private var lanes: [Lane]
    private var size: UInt32

    /// Nobody is there to hear.
    var isEmpty: Bool { size == 0 }

    init(senders: Int, recipients: Int) {
        lanes = Array(repeating: Lane(), count: senders)
        size = UInt32(recipients)
    }

    /// One more recipient has heard it, for the first time. True: the last one.
    mutating func hear(sender: Int, number: UInt32) -> Bool {
        guard number >= lanes[sender].first else { return false }
        let index = lanes[sender].head + Int(number - lanes[sender].first)
        while lanes[sender].lacking.count <= index { lanes[sender].lacking.append(size) }
        guard lanes[sender].lacking[index] > 0 else { return false }
        lanes[sender].lacking[index] -= 1
        guard lanes[sender].lacking[index] == 0 else { return false }
        if index == lanes[sender].head { lanes[sender].dropComplete() }
        return true
    }

    /// The number of a sender's first message that nobody has heard.
    func next(of sender: Int) -> UInt32 {
        lanes[sender].first + UInt32(lanes[sender].lacking.count - lanes[sender].head)
    }

    /// A recipient is gone, which had heard each sender's messages up to `heard`. The answer is
    /// which messages nobody lacks any more: with the last recipient all that anybody has heard.
    mutating func leave(heard: (Int) -> UInt32) -> [(sender: Int, number: UInt32)] {
        guard size > 0 else { return [] }
        size -= 1
        var complete: [(Int, UInt32)] = []
        for sender in lanes.indices {
            let lane = lanes[sender]
            for index in lane.head..<lane.lacking.count where lane.lacking[index] > 0 {
                let number = lane.first + UInt32(index - lane.head)
                guard isEmpty || number >= heard(sender) else { continue }
                lanes[sender].lacking[index] = isEmpty ? 0 : lanes[sender].lacking[index] - 1
                if lanes[sender].lacking[index] == 0 { complete.append((sender, number)) }
            }
            lanes[sender].dropComplete()
        }
        return complete
    }
}
