import ChatCore

/// Who speaks in a call, and by what right; told once, however much is said.
struct SenderProof {
    let key: String
    private let session: SessionID
    private let fence: UInt64
    private let lineage: Lineage
    /// The number before the first message's, and the last one's.
    private var before: UInt64
    private var after: UInt64
    /// Its numbers follow one another.
    private var isRow = true
    /// Which message of the call is its last one.
    private(set) var last: UInt8

    /// What its words and what is around them take at most.
    static let roomBytes = 256

    private init(_ sealed: SealedDraft, at place: UInt8) {
        key = sealed.key
        session = sealed.session
        fence = sealed.fence
        lineage = sealed.lineage
        before = sealed.n &- 1
        after = sealed.n
        last = place
    }

    /// A call's senders, and which of them each message is of.
    static func all(of call: PublishCall) -> (senders: [SenderProof], ofDraft: [UInt8]) {
        precondition(call.drafts.count <= 256, "places are told in a byte each")
        var senders: [SenderProof] = []
        var ofDraft: [UInt8] = []
        ofDraft.reserveCapacity(call.drafts.count)
        // Place + 1, by fence: within one data set a fence is given once, and the next one is the next
        // number, so that what is looked for is nearly always where it is looked for first. A power of
        // two, and more than there can be senders, so that there is always an end.
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
        fence == sealed.fence && session == sealed.session && lineage == sealed.lineage
            && key == sealed.key
    }

    private mutating func add(_ n: UInt64, at place: UInt8) {
        if n != after &+ 1 { isRow = false }
        after = n
        last = place
    }

    /// What the name is held by, up to the number before the first message.
    func addBefore(to command: inout RedisCommand) {
        guard isRow else { return command.add("-") }
        add(before, to: &command)
    }

    /// The same, up to the number of the last message.
    func addAfter(to command: inout RedisCommand) {
        add(after, to: &command)
    }

    /// As `holding` in `common.lua` puts it.
    private func add(_ n: UInt64, to command: inout RedisCommand) {
        let length =
            SessionID.byteCount + Self.fenceWidth + Lineage.byteCount + JSONWriter.length(of: n) + 4
        command.add(length: length) { out in
            session.append(to: &out)
            out.append(UInt8(ascii: " "))
            let width = JSONWriter.length(of: fence)
            out.append(repeating: UInt8(ascii: "0"), count: Self.fenceWidth - width)
            out.append(decimal: fence)
            out.append(UInt8(ascii: " "))
            lineage.append(to: &out)
            out.append(UInt8(ascii: " "))
            out.append(decimal: n)
            out.append(UInt8(ascii: " "))
        }
    }

    /// The digits of the largest number.
    private static let fenceWidth = 20
}
