import ChatCore

/// One sender of a call and the proof that it holds its name. It is sent once a call, however many
/// messages the call has of this sender.
struct SenderProof {
    let key: String
    private let login: LoginID
    private let fence: UInt64
    private let producer: ProducerID
    /// The `n` before the first message's, and the last message's `n`.
    private var before: UInt64
    private var after: UInt64
    /// Whether each message's `n` follows the one before.
    private var isRow = true
    /// The index of the sender's last message in the call.
    private(set) var last: UInt8

    /// The bytes that a sender's words take in a command, at most.
    static let roomBytes = 256

    private init(_ sealed: SealedDraft, at place: UInt8) {
        key = sealed.key
        login = sealed.login
        fence = sealed.fence
        producer = sealed.producer
        before = sealed.n &- 1
        after = sealed.n
        last = place
    }

    /// Returns the senders of a call, and for each message the index of its sender.
    static func all(of call: PublishCall) -> (senders: [SenderProof], ofDraft: [UInt8]) {
        precondition(call.drafts.count <= 256, "places are told in a byte each")
        var senders: [SenderProof] = []
        var ofDraft: [UInt8] = []
        ofDraft.reserveCapacity(call.drafts.count)
        // A hash table from fence to the sender's index plus 1; 0 marks an empty slot. Fences are
        // counted, so the senders' low bits differ, and nearly every sender is in the first slot looked
        // at. The size is a power of two and more than the number of senders, so the search always
        // meets an empty slot.
        let bits = Int.bitWidth - call.drafts.count.leadingZeroBitCount
        var places = [UInt16](repeating: 0, count: 2 << bits)
        let mask = places.count - 1
        for index in call.drafts.indices {
            let sealed = call.drafts[index]
            var slot = Int(truncatingIfNeeded: sealed.fence) & mask
            while places[slot] > 0, !senders[Int(places[slot]) - 1].isOf(sealed) {
                slot = (slot + 1) & mask
            }
            if places[slot] == 0 {
                senders.append(SenderProof(sealed, at: UInt8(index)))
                places[slot] = UInt16(senders.count)
            } else {
                senders[Int(places[slot]) - 1].add(sealed.n, at: UInt8(index))
            }
            ofDraft.append(UInt8(places[slot] - 1))
        }
        return (senders, ofDraft)
    }

    private func isOf(_ sealed: SealedDraft) -> Bool {
        fence == sealed.fence && login == sealed.login && producer == sealed.producer
            && key == sealed.key
    }

    private mutating func add(_ n: UInt64, at place: UInt8) {
        if n != after &+ 1 { isRow = false }
        after = n
        last = place
    }

    /// Adds the word that Redis must have for the name (`holding` in `common.lua`), with the `n` before
    /// the first message's; "-" if the messages do not follow one another.
    func addBefore(to command: inout RedisCommand) {
        guard isRow else { return command.add("-") }
        add(before, to: &command)
    }

    /// Adds the same with the last message's `n`.
    func addAfter(to command: inout RedisCommand) {
        add(after, to: &command)
    }

    /// Adds the proof and an `n`, formatted as `holding` in `common.lua` does it.
    private func add(_ n: UInt64, to command: inout RedisCommand) {
        let length =
            LoginID.byteCount + Self.fenceWidth + ProducerID.byteCount + JSONWriter.length(of: n)
            + 4
        command.add(length: length) { out in
            login.append(to: &out)
            out.append(UInt8(ascii: " "))
            let width = JSONWriter.length(of: fence)
            out.append(repeating: UInt8(ascii: "0"), count: Self.fenceWidth - width)
            out.append(decimal: fence)
            out.append(UInt8(ascii: " "))
            producer.append(to: &out)
            out.append(UInt8(ascii: " "))
            out.append(decimal: n)
            out.append(UInt8(ascii: " "))
        }
    }

    /// The number of digits of the largest fence.
    private static let fenceWidth = 20
}
