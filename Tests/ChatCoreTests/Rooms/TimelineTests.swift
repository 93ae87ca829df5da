import Testing

@testable import ChatCore

/// Tests what a node delivers of a room, and what it looks up in the log.
@Suite struct TimelineTests {
    private static func mid(_ n: UInt64) -> MessageID { TimelineHarness.mid(n) }

    @Test func `a new node delivers from the room's end on`() {
        let harness = TimelineHarness()
        harness.subscribed()
        #expect(harness.asked.isEmpty)  // the node does not know the epoch yet
        harness.registrationChanged(harness.epoch)
        #expect(harness.asked.last?.call.position == nil)
        harness.answer(.proven, [], top: Position(epoch: 3, seq: 7, mid: Self.mid(7)))
        #expect(harness.opened == [7])
        harness.hear(8...9)
        #expect(harness.delivered == [8, 9])
    }

    @Test func `messages that come before the log is read wait, and none is delivered twice`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.run { timeline, _ in timeline.unsubscribed() }
        harness.hear(6...6)
        #expect(harness.delivered.isEmpty)
        harness.subscribed()
        harness.hear(8...9)
        harness.hear(10...10)
        harness.answer(.proven, harness.entries([6, 7, 8]))
        #expect(harness.delivered == [6, 7, 8, 9, 10])
    }

    @Test func `older messages are dropped, also the older part of a publication`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(4...5)
        harness.hear(5...7)
        harness.hear(6...6)
        #expect(harness.delivered == [6, 7])
        #expect(harness.asked.isEmpty)
    }

    @Test func `a gap is read from the log before anything newer is delivered`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(8...8)
        #expect(harness.delivered.isEmpty)
        #expect(harness.asked.count == 1)
        harness.hear(9...9)
        harness.answer(.proven, harness.entries([6, 7]))
        #expect(harness.delivered == [6, 7, 8, 9])
    }

    @Test func `the log comes in pages, each from where the last one ended`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(10...10)
        harness.answer(.proven, harness.entries([6, 7]), hasMore: true)
        #expect(harness.asked.last?.call.position?.seq == 7)
        #expect(harness.delivered == [6, 7])
        harness.answer(.proven, harness.entries([8, 9]))
        #expect(harness.delivered == [6, 7, 8, 9, 10])
    }

    @Test func `messages that are no longer kept are reported missing`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(20...20)
        harness.answer(.trimmed, harness.entries([15, 16, 17, 18, 19]))
        #expect(harness.missed == [6...14])
        #expect(harness.delivered == [15, 16, 17, 18, 19, 20])
    }

    @Test func `an old epoch's message is dropped, a newer one's is looked up in its epoch`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...6, epoch: 2)
        #expect(harness.delivered.isEmpty)
        harness.hear(6...6, epoch: 4)
        #expect(harness.doubts == [4])
        harness.registrationChanged(Epoch(number: 4, dataSet: "four"))
        harness.answer(.proven, [], top: Position(epoch: 4, seq: 5, mid: Self.mid(5)))
        #expect(harness.delivered == [6])
    }

    @Test func `in another history no message is delivered twice, even if it is sent again`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...9)
        #expect(harness.delivered == [6, 7, 8, 9])
        harness.delivered = []
        harness.registrationChanged(Epoch(number: 4, dataSet: "four"))
        #expect(harness.asked.last?.call.marks.first == .init(seq: 8, mid: Self.mid(8)))
        // 8 and 9 are lost; message 20 has the number 8. Then the sender of 9 sends it again.
        harness.answer(.rewound, harness.entries([7, 8], epoch: 4, as: [7, 20]))
        #expect(harness.bodies.suffix(1) == ["m20"])
        #expect(harness.delivered == [8])
        let again = Publication(
            room: .lobby,
            epoch: 4,
            firstSeq: 9,
            prev: Self.mid(20),
            ms: 1,
            items: [
                .init(mid: Self.mid(21), body: Array("m21".utf8)),
                .init(mid: Self.mid(9), body: Array("m9".utf8)),
                .init(mid: Self.mid(22), body: Array("m22".utf8)),
            ]
        )
        harness.run { $0.receive(again, into: &$1) }
        #expect(harness.bodies.suffix(3) == ["m20", "m21", "m22"])
        #expect(harness.delivered == [8, 9, 11])
    }

    // MARK: The chain

    @Test func `a message with the next number is not delivered if it follows another message`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...6, as: 20, prev: 4)
        #expect(harness.delivered.isEmpty)
        #expect(harness.asked.last?.call.position == TimelineHarness.place(5))
        // The log shows what happened: the number 5 was given twice.
        harness.answer(.rewound, harness.entries([5, 6], as: [19, 20], prev: 4))
        #expect(harness.bodies == ["m19", "m20"])
        #expect(harness.opened.last == 6)
    }

    @Test func `a message with a delivered number is dropped only if it is that message`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...8)
        harness.asked = []
        harness.hear(7...7)
        harness.hear(6...8)
        #expect(harness.asked.isEmpty)
        harness.hear(7...7, as: 30, prev: 6)
        #expect(harness.asked.count == 1)
        harness.answer(.rewound, harness.entries([7], as: [30], prev: 6))
        #expect(harness.bodies.last == "m30")
        #expect(harness.missed.isEmpty)
    }

    @Test func `a publication that contains the position is delivered from there on`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...6)
        harness.hear(5...8)
        #expect(harness.delivered == [6, 7, 8])
        harness.asked = []
        harness.hear(7...10, as: 40)
        #expect(harness.delivered == [6, 7, 8])
        #expect(harness.asked.count == 1)
    }

    @Test func `no publication causes two questions`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(9...9, as: 50)
        #expect(harness.asked.count == 1)
        harness.hear(6...6)
        harness.answer(.proven, harness.entries([6]))
        #expect(harness.ignored == 1)
        #expect(harness.timeline.isLive)
        #expect(harness.asked.count == 1)
        harness.hear(7...7)
        #expect(harness.delivered == [6, 7])
    }

    @Test func `a contradicting publication that came after the question is asked about once`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(8...8)
        harness.hear(3...3, as: 60)
        harness.answer(.proven, harness.entries([6, 7, 8]))
        #expect(harness.delivered == [6, 7, 8])
        #expect(harness.asked.count == 2)
        harness.answer(.proven, [], top: TimelineHarness.place(8))
        #expect(harness.ignored == 1)
        #expect(harness.asked.count == 2)
        #expect(harness.timeline.isLive)
    }

    // MARK: The top

    @Test func `a room without a top continues from here once a probe has come back`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...8)
        harness.run { $0.recheck(into: &$1) }
        #expect(!harness.timeline.isLive)
        harness.answerNoTop()
        #expect(harness.probes.count == 1)
        // Published before the probe, and so before every question asked after it.
        harness.hear(9...10)
        #expect(harness.delivered == [6, 7, 8])
        harness.probed()
        #expect(harness.delivered == [6, 7, 8, 9, 10])
        #expect(harness.asked.last?.call.replacing == CatchUpCall.FoundTop.none)
        #expect(harness.asked.last?.call.position == TimelineHarness.place(10))
        harness.answer(.proven, [], top: TimelineHarness.place(10))
        #expect(harness.opened.last == 10)
        #expect(harness.missed.isEmpty)
    }

    @Test func `a node that was cut off reports messages missing, unless the epoch is new`() {
        for (epoch, missed) in [(3 as UInt64, [nil]), (4, [])] as [(UInt64, [ClosedRange<UInt64>?])]
        {
            let harness = TimelineHarness()
            harness.live(at: 5)
            harness.run { timeline, _ in timeline.unsubscribed() }
            harness.registrationChanged(Epoch(number: epoch, dataSet: "three"))
            harness.subscribed()
            harness.answerNoTop()
            harness.probed()
            #expect(harness.missed.isEmpty)
            let mayLackMore = epoch == 3
            #expect(harness.asked.last?.call.mayLackMore == mayLackMore)
            if mayLackMore {
                // A birth was put in the place of its position.
                harness.answer(.rewound, [], top: Position(epoch: 3, seq: 5, mid: Self.mid(0)))
            } else {
                harness.answer(.proven, [], top: TimelineHarness.place(5, epoch: epoch))
            }
            #expect(harness.missed == missed)
            #expect(harness.probes.count == 1)
            #expect(harness.timeline.isLive)
        }
    }

    @Test func `a rewind after a cut reports messages missing, as other nodes may have had more`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...8)
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.rewound, harness.entries([7], as: [30], prev: 6))
        #expect(harness.missed.isEmpty)
        harness.run { timeline, _ in timeline.unsubscribed() }
        harness.subscribed()
        harness.answer(.rewound, harness.entries([7], as: [31], prev: 6))
        #expect(harness.missed == [nil])
    }

    @Test func `a birth is replaced by the position of a node that has delivered messages`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.registrationChanged(Epoch(number: 4, dataSet: "four"))
        let birth = Position(epoch: 4, seq: 0, mid: Self.mid(0))
        harness.answer(.rewound, [], top: birth)
        harness.probed()
        #expect(harness.asked.last?.call.replacing == .top(.init(seq: 0, mid: Self.mid(0))))
        #expect(harness.asked.last?.call.position == TimelineHarness.place(5))
    }

    @Test func `an older top of the same epoch that was delivered here is replaced`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...8)
        harness.run { $0.compare(into: &$1) }
        harness.answer(.rewound, [], top: TimelineHarness.place(6))
        harness.answer(.rewound, [], top: TimelineHarness.place(6))
        harness.probed()
        #expect(harness.asked.last?.call.replacing == .top(.init(seq: 6, mid: Self.mid(6))))
        harness.answer(.proven, [], top: TimelineHarness.place(8))
        #expect(harness.opened.last == 8)
    }

    @Test func `an older top stays if other nodes may have continued from it`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...8)
        // The top is not a message that was delivered here.
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.rewound, harness.entries([7], as: [30], prev: 6))
        #expect(harness.probes.isEmpty)
        #expect(harness.bodies.last == "m30")
        // Or the epoch is another one: what came after the top is lost.
        harness.registrationChanged(Epoch(number: 4, dataSet: "four"))
        harness.answer(.rewound, [], top: Position(epoch: 4, seq: 6, mid: Self.mid(6)))
        #expect(harness.probes.isEmpty)
        #expect(harness.opened.last == 6)
        #expect(harness.missed.isEmpty)
    }

    @Test func `in another history, messages never delivered here are reported missing`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.rewound, harness.entries([40, 41], as: [70, 71], prev: 69))
        #expect(harness.missed == [6...39])
        #expect(harness.delivered == [40, 41])
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.rewound, [], top: Position(epoch: 3, seq: 50, mid: Self.mid(80)))
        #expect(harness.missed == [6...39, 42...50])
        // A history that is read from its start lacks nothing.
        harness.run { $0.recheck(into: &$1) }
        harness.answer(.rewound, harness.entries([1, 2], as: [90, 91], prev: 99))
        #expect(harness.missed.count == 2)
    }

    @Test func `a history from its start is reported missing if not all deliveries are remembered`()
    {
        let harness = TimelineHarness()
        harness.live(at: 0)
        for seq in 1...UInt64(Limits.recentMessages) { harness.hear(seq...seq) }
        harness.registrationChanged(Epoch(number: 4, dataSet: "four"))
        harness.answer(.rewound, harness.entries([1], as: [9_999], prev: 9_998))
        // Its clients are closed before they receive again what they may have received before.
        #expect(harness.missed == [nil])
    }

    @Test func `messages that overflowed the buffer are reported missing if the top is replaced`() {
        let harness = TimelineHarness()
        harness.live(at: 0)
        harness.run { $0.recheck(into: &$1) }
        for seq in 1...UInt64(Limits.heldMessages) + 1 { harness.hear(seq...seq) }
        harness.answerNoTop()
        harness.probed()
        #expect(harness.asked.last?.call.mayLackMore == true)
        let other = MessageID.birth(ProducerID("zzzzzzzz") ?? Self.mid(0).producer)
        harness.answer(.rewound, [], top: Position(epoch: 3, seq: 0, mid: other))
        #expect(harness.missed == [nil])
    }

    @Test func `if no message after the position is kept, all of them are reported missing`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(9...9)
        harness.answer(.trimmed, [], top: TimelineHarness.place(9))
        #expect(harness.missed == [6...9])
        #expect(harness.timeline.isLive)
    }

    @Test func `a newer epoch's message waits until that epoch is announced`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...6, epoch: 4)
        #expect(harness.doubts == [4])
        #expect(harness.asked.isEmpty)
        // The publication was a forgery: the same epoch is announced again.
        harness.registrationChanged(harness.epoch)
        harness.answer(.proven, [], top: TimelineHarness.place(5))
        #expect(harness.ignored == 1)
        harness.hear(6...6)
        #expect(harness.delivered == [6])
    }

    @Test func `messages that overflow the buffer are read from the log instead`() {
        let harness = TimelineHarness()
        harness.live(at: 0)
        harness.hear(2...2)
        let held = UInt64(Limits.heldMessages) + 10
        for seq in 3...held { harness.hear(seq...seq) }
        harness.answer(.proven, harness.entries([1, 2]))
        #expect(harness.delivered == [1, 2])
        #expect(!harness.timeline.isLive)
        harness.answer(.proven, harness.entries(Array(3...held)))
        #expect(harness.delivered == Array(1...held))
        #expect(harness.timeline.isLive)
    }

    @Test func `an answer to an older question is ignored`() throws {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(8...8)
        let old = try #require(harness.asked.first)
        harness.run { timeline, _ in timeline.unsubscribed() }
        harness.subscribed()
        let page = CatchUpPage(
            continuity: .proven,
            entries: harness.entries([6]),
            hasMore: false,
            top: nil
        )
        harness.run { $0.caughtUp(.page(page), ticket: old.ticket, into: &$1) }
        #expect(harness.delivered.isEmpty)
        #expect(!harness.timeline.isLive)
    }

    @Test
    func `only a comparison that shows undelivered messages causes catching up`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.run { $0.compare(into: &$1) }
        harness.answer(.proven, [], top: Position(epoch: 3, seq: 5, mid: Self.mid(5)))
        #expect(harness.timeline.isLive)
        harness.run { $0.compare(into: &$1) }
        harness.hear(6...6)
        harness.answer(.proven, harness.entries([6]))
        #expect(harness.timeline.isLive)
        harness.run { $0.compare(into: &$1) }
        harness.answer(.proven, harness.entries([7]))
        #expect(!harness.timeline.isLive)
        harness.answer(.proven, harness.entries([7]))
        #expect(harness.delivered == [6, 7])
    }

    @Test func `a comparison under load, when the log has been trimmed, reports nothing missing`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.run { $0.compare(into: &$1) }
        harness.hear(6...6)
        // What followed 5 is no longer kept; what the subscription brings next begins with 7.
        harness.answer(.trimmed, harness.entries([20, 21]))
        #expect(harness.timeline.isLive)
        harness.hear(7...21)
        #expect(harness.delivered == Array(6...21))
    }

    @Test func `an external message has no number, and is delivered in its place`() {
        let harness = TimelineHarness()
        harness.live(at: 5)
        harness.hear(6...6)
        harness.run { $0.receive(external: Array("hand".utf8), into: &$1) }
        harness.hear(7...7)
        #expect(harness.bodies == ["m6", "hand", "m7"])
        harness.hear(9...9)
        harness.run { $0.receive(external: Array("late".utf8), into: &$1) }
        harness.answer(.proven, harness.entries([8]))
        #expect(harness.bodies.suffix(3) == ["m8", "m9", "late"])
    }

    @Test func `the milestones lead back in doubling steps, to the oldest message remembered`() {
        var recent = RecentMessages()
        for seq in 1...UInt64(Limits.recentMessages) + 100 {
            recent.add(.init(seq: seq, mid: Self.mid(seq)))
        }
        let newest = UInt64(Limits.recentMessages) + 100
        let back = recent.milestones.map { newest - $0.seq }
        #expect(back == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1023])
        #expect(recent.mids.count == Limits.recentMessages)
    }
}
