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

    /// What `append` writes at most, and a key.
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
        // Within one data set a fence is given once: it tells them apart nearly alone.
        var places: [UInt64: Int] = [:]
        ofDraft.reserveCapacity(call.drafts.count)
        for (index, sealed) in call.drafts.enumerated() {
            var known = places[sealed.fence]
            if let place = known, !senders[place].isOf(sealed) {
                known = senders.firstIndex { $0.isOf(sealed) }
            }
            if let known {
                senders[known].add(sealed.n, at: UInt8(index))
            } else {
                places[sealed.fence] = senders.count
                senders.append(SenderProof(sealed, at: UInt8(index)))
            }
            ofDraft.append(UInt8(known ?? senders.count - 1))
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

    /// What the name is held by, up to the number before the first message or that of the last one.
    /// As `holding` in `common.lua` puts it.
    func append(before isBefore: Bool, to bytes: inout [UInt8]) {
        guard isRow || !isBefore else { return bytes.append(UInt8(ascii: "-")) }
        session.append(to: &bytes)
        bytes.append(UInt8(ascii: " "))
        let width = JSONWriter.length(of: fence)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Self.fenceWidth - width))
        JSONWriter.append(fence, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        lineage.append(to: &bytes)
        bytes.append(UInt8(ascii: " "))
        JSONWriter.append(isBefore ? before : after, to: &bytes)
        bytes.append(UInt8(ascii: " "))
    }

    /// The digits of the largest number.
    private static let fenceWidth = 20
}
