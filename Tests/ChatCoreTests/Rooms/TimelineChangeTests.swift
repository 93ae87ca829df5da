import Testing

@testable import ChatCore

/// What clients that know positions are told of changes of a room's history.
@Suite struct TimelineChangeTests {
    private let four = Epoch(number: 4, dataSet: "four")
    private let five = Epoch(number: 5, dataSet: "five")

    private func mid(_ n: UInt64) -> MessageID { TimelineHarness.mid(n) }

    /// A timeline that has delivered the messages 6 to 9.
    private func live() -> TimelineHarness {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...9)
        harness.told = []
        return harness
    }

    @Test func `a room that is opened for the first time is not reset`() {
        #expect(live().resets.isEmpty)
    }

    @Test func `a new epoch resets the room once, also if nothing was lost`() {
        let harness = live()
        harness.registrationChanged(four)
        harness.answer(.proven, harness.entries([10, 11], epoch: 3), hasMore: true)
        harness.answer(.proven, harness.entries([12], epoch: 4))
        harness.hear(13...13, epoch: 4)
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.proven, [], top: TimelineHarness.place(13, epoch: 4))
        #expect(harness.told == ["reset 4 9 m9", "10 m10", "11 m11", "12 m12", "13 m13"])
    }

    @Test func `numbers that are not kept any more are told, after the new epoch`() {
        let harness = live()
        harness.registrationChanged(four)
        harness.answer(.trimmed, harness.entries([15, 16], epoch: 4))
        #expect(harness.told == ["reset 4 9 m9", "gap 10 14", "15 m15", "16 m16"])
    }

    @Test func `a lost tail is void, and what is known of it comes again under its number now`() {
        let harness = live()
        harness.registrationChanged(four)
        // Message 20 has come before 8 and 9.
        harness.answer(
            .rewound,
            harness.entries([7, 8, 9, 10], epoch: 4, as: [7, 20, 8, 9])
        )
        #expect(harness.told == ["reset 4 7 m7", "8 m20", "9 m8", "10 m9"])
        #expect(harness.delivered == [6, 7, 8, 9, 8])
        #expect(harness.redelivered == ["m8", "m9"])
    }

    @Test func `a history that ends where clients have more is reset to its end`() {
        let harness = live()
        harness.registrationChanged(four)
        harness.answer(.rewound, [], top: TimelineHarness.place(7, epoch: 4))
        #expect(harness.told == ["reset 4 7 m7"])
        // Its sender says 8 again.
        harness.hear(8...8, epoch: 4)
        #expect(harness.told.last == "8 m8")
        #expect(harness.redelivered == ["m8"])
    }

    @Test func `a message is known to be delivered for as long as a client may say it again`() {
        for (count, isKnown) in [(3, true), (4, false)] {
            let harness = live()
            harness.registrationChanged(four)
            let end = TimelineHarness.place(7, epoch: 4)
            harness.answer(.rewound, [], top: end)
            harness.redelivered = []
            // A chat.v1 client has to say it again while its name lingers.
            for _ in 1...count {
                harness.run { $0.compare(into: &$1) }
                harness.answer(.proven, [], top: end)
            }
            #expect(isKnown == (Limits.compareInterval * (count - 1) <= Limits.nameLinger))
            harness.hear(8...8, epoch: 4)
            #expect(harness.redelivered == (isKnown ? ["m8"] : []))
        }
    }

    @Test func `what was void comes again if the former history comes back`() {
        let harness = live()
        harness.registrationChanged(four)
        harness.answer(.rewound, harness.entries([8], epoch: 4, as: [20], prev: 7))
        harness.told = []
        harness.registrationChanged(five)
        harness.answer(.rewound, harness.entries([7, 8, 9], epoch: 3))
        #expect(harness.told == ["reset 5 7 m7", "8 m8", "9 m9"])
        #expect(harness.redelivered == ["m8", "m9"])
    }

    @Test func `what was void is missing if the former history comes back without its log`() {
        let harness = live()
        harness.registrationChanged(four)
        harness.answer(.rewound, [], top: TimelineHarness.place(7, epoch: 4))
        harness.told = []
        harness.registrationChanged(five)
        harness.answer(.rewound, [], top: TimelineHarness.place(9, epoch: 5))
        #expect(harness.told == ["gap 8 9", "reset 5 9 m9"])
    }

    @Test func `a history of which nothing is known beyond the position tells the numbers`() {
        let harness = live()
        harness.registrationChanged(four)
        harness.answer(.rewound, harness.entries([15, 16], epoch: 4))
        #expect(harness.told == ["gap 10 14", "reset 4 14 m14", "15 m15", "16 m16"])
    }

    @Test func `a birth in the place of the position resets the room within its epoch`() {
        let harness = live()
        harness.run { $0.recheck(into: &$1) }
        let birth = Position(epoch: 3, seq: 9, mid: mid(0))
        harness.answer(.rewound, [], top: birth)
        // The node has heard everything, and may put its message there.
        harness.run { timeline, _ in timeline.unsubscribed() }
        harness.subscribed()
        harness.answer(.rewound, [], top: birth)
        #expect(harness.told == ["gap", "reset 3 9 m0"])
    }

    @Test func `a birth under the position's number is replaced though the log has the position`() {
        let birth = Position(epoch: 3, seq: 9, mid: mid(0))
        let harness = live()
        harness.run { $0.compare(into: &$1) }
        harness.answer(.proven, [], top: birth)
        // It is not live any more, and reads the log once more before it replaces anything.
        harness.answer(.proven, [], top: birth)
        harness.probed()
        #expect(harness.asked.last?.call.replacing == .top(.init(seq: 9, mid: mid(0))))
        #expect(harness.asked.last?.call.mayLackMore == false)
        harness.answer(.proven, [], top: TimelineHarness.place(9))
        #expect(harness.told == [])
        #expect(harness.timeline.position == TimelineHarness.place(9))
        // A node that was cut off cannot vouch for its message there.
        harness.run { timeline, _ in timeline.unsubscribed() }
        harness.subscribed()
        harness.answer(.proven, [], top: birth)
        #expect(harness.told == ["gap", "reset 3 9 m0"])
        #expect(harness.timeline.position == birth)
    }

    @Test
    func `another message under the position's number is lost, though the log has the position`() {
        let harness = live()
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.proven, [], top: Position(epoch: 3, seq: 9, mid: mid(30)))
        #expect(harness.told == ["gap", "reset 3 9 m30"])
    }

    @Test func `a comparison finds a message that was said once more and has not come`() {
        let harness = live()
        harness.run { $0.compare(into: &$1) }
        harness.answer(.proven, harness.entries([10], as: [9], prev: 9))
        harness.answer(.proven, harness.entries([10], as: [9], prev: 9))
        #expect(harness.told == ["10 m9"])
    }

    @Test func `a log that is newer than the epoch is read in a later one: an epoch was put back`()
    {
        let harness = live()
        harness.registrationChanged(four)
        let log = harness.entries([10], epoch: 4) + harness.entries([11], epoch: 6)
        harness.answer(.proven, log, top: TimelineHarness.place(11, epoch: 4))
        #expect(harness.told == [])
        #expect(harness.doubts == [6])
        harness.registrationChanged(Epoch(number: 7, dataSet: "seven"))
        harness.answer(.proven, log)
        #expect(harness.told == ["reset 7 9 m9", "10 m10", "11 m11"])
        #expect(harness.timeline.position == TimelineHarness.place(11, epoch: 7))
    }

    @Test func `a log that does not follow from itself tells that messages are missing`() {
        let harness = live()
        harness.run { $0.recheck(into: &$1) }
        // An older log was put back: the messages that stood at 10 and 11 are lost, and 12 follows them.
        let log = harness.entries([10, 11], epoch: 3) + harness.entries([12], epoch: 3, prev: 31)
        harness.answer(.proven, log)
        #expect(harness.told == ["10 m10", "11 m11", "gap", "reset 3 11 m31", "12 m12"])
        // So it is if the position is where they part.
        let other = live()
        other.run { $0.recheck(into: &$1) }
        other.answer(.proven, other.entries([10], epoch: 3, prev: 31))
        #expect(other.told == ["gap", "reset 3 9 m31", "10 m10"])
    }

    @Test func `a node that has heard everything goes on behind a birth, and misses nothing`() {
        let harness = live()
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.proven, harness.entries([10], epoch: 3, prev: 0))
        #expect(harness.told == ["reset 3 9 m0", "10 m10"])
        let other = live()
        other.run { timeline, _ in timeline.unsubscribed() }
        other.subscribed()
        other.answer(.proven, other.entries([10], epoch: 3, prev: 0))
        #expect(other.told == ["gap", "reset 3 9 m0", "10 m10"])
    }
}
