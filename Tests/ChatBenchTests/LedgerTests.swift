import ChatCore
import TestSupport
import Testing

@testable import ChatBench

/// The check that each recipient receives each message once, in one order: recorded scenarios, with
/// something changed in what one recipient received.
@Suite struct LedgerTests {
    private static let recipients = 4
    private static let senders = 3
    private static let each: UInt32 = 20

    /// What a server without faults sends to every recipient.
    private static func scenario(isNumbered: Bool) -> [StampCodec.Heard] {
        var left = (0..<senders).flatMap { Array(repeating: $0, count: Int(each)) }
        var generator = SplitMix(seed: 1)
        left.shuffle(using: &generator)
        var next = Array(repeating: 0 as UInt32, count: senders)
        return left.enumerated().map { index, sender in
            defer { next[sender] += 1 }
            let stamp = Stamp(
                sender: UInt32(sender),
                number: next[sender],
                intended: .distantPast
            )
            return StampCodec.Heard(stamp: stamp, seq: isNumbered ? UInt64(100 + index) : nil)
        }
    }

    /// Returns what is found if the last recipient receives something else than the others.
    private func faults(
        isNumbered: Bool,
        _ change: (inout [StampCodec.Heard]) -> Void
    ) -> Faults {
        let right = Self.scenario(isNumbered: isNumbered)
        var changed = right
        change(&changed)
        var ledger = Ledger(recipients: Self.recipients, senders: Self.senders)
        for recipient in 0..<Self.recipients {
            for heard in recipient == Self.recipients - 1 ? changed : right {
                _ = ledger.hear(heard, at: recipient)
            }
        }
        let sent = Array(repeating: Self.each, count: Self.senders)
        var faults = ledger.settle(sent: sent)
        faults.disagreeing = Ledger.disagreeing(ledger.digests(of: 0..<Self.recipients))
        return faults
    }

    @Test(arguments: [false, true])
    func `the ledger finds no fault without one`(isNumbered: Bool) {
        #expect(faults(isNumbered: isNumbered) { _ in } == Faults())
    }

    @Test(arguments: 0..<60)
    func `each lost message is found, also the last`(index: Int) {
        #expect(faults(isNumbered: false) { $0.remove(at: index) } == Faults(lost: 1))
        let numbered = faults(isNumbered: true) { $0.remove(at: index) }
        // The order breaks where it continues or begins: not if nothing follows or precedes.
        let breaks = index == 0 || index == 59 ? 0 : 1
        #expect(numbered == Faults(lost: 1, seqBreaks: breaks))
    }

    @Test(arguments: 0..<60)
    func `each doubled message is found, at once or later`(index: Int) {
        let atOnce = faults(isNumbered: false) { $0.insert($0[index], at: index) }
        #expect(atOnce == Faults(doubled: 1))
        #expect(faults(isNumbered: false) { $0.append($0[index]) } == Faults(doubled: 1))
        #expect(faults(isNumbered: true) { $0.insert($0[index], at: index) }.seqBreaks == 1)
    }

    @Test(arguments: 0..<59)
    func `two messages that change places are found`(index: Int) {
        let right = Self.scenario(isNumbered: false)
        let isOneSender = right[index].stamp.sender == right[index + 1].stamp.sender
        let found = faults(isNumbered: false) { $0.swapAt(index, index + 1) }
        // With one sender the numbers show it; with two it is found only because the others differ.
        #expect(found == Faults(outOfOrder: isOneSender ? 1 : 0, disagreeing: 1))
        #expect(faults(isNumbered: true) { $0.swapAt(index, index + 1) }.seqBreaks > 0)
    }

    @Test func `a recipient that hears nothing lacks everything, gone or not`() {
        var ledger = Ledger(recipients: 2, senders: 1)
        for number in 0..<5 as Range<UInt32> {
            let stamp = Stamp(sender: 0, number: number, intended: .distantPast)
            _ = ledger.hear(StampCodec.Heard(stamp: stamp, seq: nil), at: 0)
        }
        #expect(ledger.settle(sent: [5]) == Faults(lost: 5))
    }

    @Test func `a gap in the order between the run's messages is found`() {
        var ledger = Ledger(recipients: 1, senders: 1)
        for (number, seq) in [(0, 7), (1, 9)] as [(UInt32, UInt64)] {
            let stamp = Stamp(sender: 0, number: number, intended: .distantPast)
            _ = ledger.hear(StampCodec.Heard(stamp: stamp, seq: seq), at: 0)
        }
        #expect(ledger.settle(sent: [2]).seqBreaks == 1)
        ledger.place(10, at: 0)
        #expect(ledger.settle(sent: [2]).seqBreaks == 1)
    }

    @Test func `each room has its own senders, its own order and its own recipients`() {
        // Senders 0 and 2 speak in room 0, sender 1 in room 1; recipients 0 and 1 are in room 0.
        let rooms = BenchRooms(2)
        func ledger(_ changes: (inout Ledger) -> Void) -> Faults {
            var ledger = Ledger(recipients: 4, senders: 3, rooms: rooms) { $0 / 2 }
            func hear(_ sender: UInt32, _ number: UInt32, seq: UInt64, at recipients: [Int]) {
                let stamp = Stamp(sender: sender, number: number, intended: .distantPast)
                for recipient in recipients {
                    let heard = StampCodec.Heard(stamp: stamp, seq: seq)
                    let isFirst = ledger.hear(heard, at: recipient)
                    #expect(isFirst)
                }
            }
            for recipient in 0..<4 { ledger.place(0, at: recipient) }
            hear(0, 0, seq: 1, at: [0, 1])
            hear(2, 0, seq: 2, at: [0, 1])
            hear(1, 0, seq: 1, at: [2, 3])
            changes(&ledger)
            var faults = ledger.settle(sent: [1, 1, 1])
            faults.disagreeing = Ledger.disagreeing(ledger.digests(of: 0..<4))
            return faults
        }
        #expect(ledger { _ in } == Faults())
        let stray = Stamp(sender: 1, number: 1, intended: .distantPast)
        let astray = ledger { ledger in
            let isFirst = ledger.hear(StampCodec.Heard(stamp: stray, seq: 2), at: 0)
            #expect(!isFirst)
        }
        #expect(astray == Faults(astray: 1))
    }

    @Test func `the place at which a recipient joined counts as heard`() {
        var ledger = Ledger(recipients: 1, senders: 1)
        ledger.place(4, at: 0)
        let stamp = Stamp(sender: 0, number: 0, intended: .distantPast)
        _ = ledger.hear(StampCodec.Heard(stamp: stamp, seq: 6), at: 0)
        #expect(ledger.settle(sent: [1]) == Faults(seqBreaks: 1))
    }

    @Test func `the last of all recipients completes a message`() {
        var deliveries = DeliveryTracker(recipients: [3, 3])
        let heard = [(0, 0), (0, 1), (0, 1), (0, 1), (1, 0), (0, 0), (0, 0), (0, 0), (0, 2)]
        let isLast = heard.map { deliveries.hear(sender: $0.0, number: UInt32($0.1)) }
        // To receive the same message again does not complete it a second time.
        #expect(isLast == [false, false, false, true, false, false, true, false, false])
    }

    @Test func `a recipient that leaves is not waited for`() {
        var deliveries = DeliveryTracker(recipients: [2])
        for number in 0..<3 as Range<UInt32> { _ = deliveries.hear(sender: 0, number: number) }
        // The other recipient leaves, which has received the first message.
        let first = deliveries.hear(sender: 0, number: 0)
        let complete = deliveries.leave(0..<1) { _ in 1 }
        let next = deliveries.hear(sender: 0, number: 3)
        #expect(first)
        #expect(complete.map(\.number) == [1, 2])
        #expect(next)
    }

    @Test func `after the last recipient leaves, all that any recipient has heard is complete`() {
        var deliveries = DeliveryTracker(recipients: [2, 2])
        for number in 0..<3 as Range<UInt32> { _ = deliveries.hear(sender: 1, number: number) }
        // One recipient has skipped the second message, and leaves; then the other one leaves.
        let first = deliveries.leave(0..<2) { _ in 3 }
        #expect(first.isEmpty)
        let all = deliveries.leave(0..<2) { $0 == 1 ? 3 : 0 }
        #expect(all.map(\.number) == [0, 1, 2])
        #expect(deliveries.next(of: 1) == 3)
        #expect(deliveries.next(of: 0) == 0)
    }

    @Test func `many messages complete in any order, and none is left`() {
        var deliveries = DeliveryTracker(recipients: [2])
        var complete = 0
        for start in stride(from: 0 as UInt32, to: 100_000, by: 1000) {
            for number in start..<start + 1000 where deliveries.hear(sender: 0, number: number) {
                complete += 1
            }
            for number in (start..<start + 1000).reversed()
            where deliveries.hear(sender: 0, number: number) {
                complete += 1
            }
        }
        #expect(complete == 100_000)
    }
}

/// A generator with a seed of its own (Steele, Lea and Flood, 2014).
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
