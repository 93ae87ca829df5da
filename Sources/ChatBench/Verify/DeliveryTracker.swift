/// Finds out when the last of a group's recipients that hear a sender has received its message.
///
/// Cost: four bytes for each message that is on its way, constant time for each receipt.
struct DeliveryTracker {
    /// The messages of one sender that some recipients have received and others have not.
    private struct Lane {
        /// The number of recipients that hear the sender.
        var recipients: UInt32
        /// The number of the first of these messages.
        var first: UInt32 = 0
        /// For each message, from `head` on, the number of recipients that still lack it.
        var lacking: [UInt32] = []
        var head = 0

        mutating func dropComplete() {
            while head < lacking.count, lacking[head] == 0 {
                head += 1
                first += 1
            }
            // Only at times, so that the cost per message stays constant.
            guard head == lacking.count || head >= 4096 else { return }
            lacking.removeFirst(head)
            head = 0
        }
    }

    private var lanes: [Lane]

    /// `recipients` are the numbers of those that hear each sender.
    init(recipients: [Int]) {
        lanes = recipients.map { Lane(recipients: UInt32($0)) }
    }

    /// Notes that one more recipient has received a message for the first time. Returns true for
    /// the last one.
    mutating func hear(sender: Int, number: UInt32) -> Bool {
        guard number >= lanes[sender].first else { return false }
        let index = lanes[sender].head + Int(number - lanes[sender].first)
        while lanes[sender].lacking.count <= index {
            lanes[sender].lacking.append(lanes[sender].recipients)
        }
        guard lanes[sender].lacking[index] > 0 else { return false }
        lanes[sender].lacking[index] -= 1
        guard lanes[sender].lacking[index] == 0 else { return false }
        if index == lanes[sender].head { lanes[sender].dropComplete() }
        return true
    }

    /// Returns the number of a sender's first message that no recipient has received.
    func next(of sender: Int) -> UInt32 {
        lanes[sender].first + UInt32(lanes[sender].lacking.count - lanes[sender].head)
    }

    /// Removes a recipient that hears these senders, and had received each one's messages up to `heard`.
    /// Returns the messages that no recipient lacks any more: after the last recipient, all that any
    /// recipient has received.
    mutating func leave(
        _ senders: some Sequence<Int>,
        heard: (Int) -> UInt32
    ) -> [(sender: Int, number: UInt32)] {
        var complete: [(Int, UInt32)] = []
        for sender in senders where lanes[sender].recipients > 0 {
            lanes[sender].recipients -= 1
            let lane = lanes[sender]
            let isEmpty = lane.recipients == 0
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
