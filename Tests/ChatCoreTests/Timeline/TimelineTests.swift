import Testing

@testable import ChatCore

/// What a node delivers of a room, and what it looks up.
@Suite struct TimelineTests {
    private final class Bench {
        var timeline = Timeline(room: .lobby)
        /// Numbers delivered, in order, and everything else that was wanted.
        var delivered: [UInt64] = []
        var bodies: [String] = []
        var asked: [(call: CatchUpCall, ticket: UInt64)] = []
        var opened: [UInt64] = []
        var missed: [ClosedRange<UInt64>?] = []
        var probes: [UInt64] = []
        var ignored = 0
        var doubts: [UInt64] = []
        let reign = Reign(epoch: 3, dataSet: "three")

        func run(_ event: (inout Timeline, inout [Timeline.Effect]) -> Void) {
            var effects: [Timeline.Effect] = []
            event(&timeline, &effects)
            for effect in effects {
                switch effect {
                case .deliver(let publication):
                    for (index, item) in publication.items.enumerated() {
                        delivered.append(publication.firstSeq + UInt64(index))
                        bodies.append(String(decoding: item.body, as: UTF8.self))
                    }
                case .deliverByHand(let body): bodies.append(String(decoding: body, as: UTF8.self))
                case .catchUp(let call, let ticket): asked.append((call, ticket))
                case .opened(let position): opened.append(position.seq)
                case .probe(let ticket): probes.append(ticket)
                case .ignored: ignored += 1
                case .missed(let range): missed.append(range)
                case .doubtStanding(let epoch): doubts.append(epoch)
                }
            }
        }

        func stands(_ reign: Reign) { run { $0.stands(in: reign, into: &$1) } }
        func subscribed() { run { $0.subscribed(into: &$1) } }

        /// Messages named as numbered, or from `name` on, behind the one named `prev`.
        func hear(
            _ seqs: ClosedRange<UInt64>,
            epoch: UInt64 = 3,
            as name: UInt64? = nil,
            prev: UInt64? = nil
        ) {
            let first = name ?? seqs.lowerBound
            let items = seqs.map {
                let name = $0 - seqs.lowerBound + first
                return Publication.Item(mid: TimelineTests.mid(name), body: Array("m\(name)".utf8))
            }
            let publication = Publication(
                room: .lobby,
                epoch: epoch,
                firstSeq: seqs.lowerBound,
                prev: TimelineTests.mid(prev ?? first - 1),
                ms: 1,
                items: items
            )
            run { $0.receive(publication, into: &$1) }
        }

        func entries(
            _ seqs: [UInt64],
            epoch: UInt64 = 3,
            as mids: [UInt64]? = nil,
            prev: UInt64? = nil
        ) -> [Publication] {
            var before = prev ?? (mids?.first ?? seqs.first ?? 1) - 1
            return zip(seqs, mids ?? seqs).map { seq, name in
                defer { before = name }
                return Publication(
                    room: .lobby,
                    epoch: epoch,
                    firstSeq: seq,
                    prev: TimelineTests.mid(before),
                    ms: 1,
                    items: [.init(mid: TimelineTests.mid(name), body: Array("m\(name)".utf8))]
                )
            }
        }

        /// Answers the newest question.
        func answer(
            _ footing: CatchUpPage.Footing,
            _ entries: [Publication],
            hasMore: Bool = false,
            top: Position? = nil
        ) {
            guard let last = asked.last else {
                Issue.record("nothing was asked")
                return
            }
            let end = entries.last?.end
            let page = CatchUpPage(
                footing: footing,
                entries: entries,
                hasMore: hasMore,
                top: top ?? end
            )
            run { $0.caughtUp(.page(page), ticket: last.ticket, into: &$1) }
        }

        /// The room has no top.
        func answerNoTop() {
            let page = CatchUpPage(footing: .rewound, entries: [], hasMore: false, top: nil)
            run { $0.caughtUp(.page(page), ticket: asked.last?.ticket ?? 0, into: &$1) }
        }

        /// The newest probe comes back.
        func probed() { run { $0.probed(ticket: probes.last ?? 0, into: &$1) } }

        static func place(_ seq: UInt64, epoch: UInt64 = 3) -> Position {
            Position(epoch: epoch, seq: seq, mid: TimelineTests.mid(seq))
        }

        /// Live behind a number.
        func live(at seq: UInt64) {
            stands(reign)
            subscribed()
            answer(.proven, [], top: Position(epoch: 3, seq: seq, mid: TimelineTests.mid(seq)))
            asked = []
        }
    }

    private static let lineage = Lineage("abcdefgh")

    fileprivate static func mid(_ n: UInt64) -> MessageID {
        guard let lineage else { preconditionFailure("a lineage") }
        return MessageID(lineage: lineage, n: n)
    }

    @Test func `a new node hears from the room's end on`() {
        let bench = Bench()
        bench.subscribed()
        #expect(bench.asked.isEmpty)  // it does not know what reigns
        bench.stands(bench.reign)
        #expect(bench.asked.last?.call.position == nil)
        bench.answer(.proven, [], top: Position(epoch: 3, seq: 7, mid: Self.mid(7)))
        #expect(bench.opened == [7])
        bench.hear(8...9)
        #expect(bench.delivered == [8, 9])
    }

    @Test func `what comes before the log is read waits, and nothing comes twice`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.run { timeline, _ in timeline.unsubscribed() }
        bench.hear(6...6)
        #expect(bench.delivered.isEmpty)
        bench.subscribed()
        bench.hear(8...9)
        bench.hear(10...10)
        bench.answer(.proven, bench.entries([6, 7, 8]))
        #expect(bench.delivered == [6, 7, 8, 9, 10])
    }

    @Test func `older ones are dropped, also the older part of a batch`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(4...5)
        bench.hear(5...7)
        bench.hear(6...6)
        #expect(bench.delivered == [6, 7])
        #expect(bench.asked.isEmpty)
    }

    @Test func `a hole is read from the log before anything newer`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(8...8)
        #expect(bench.delivered.isEmpty)
        #expect(bench.asked.count == 1)
        bench.hear(9...9)
        bench.answer(.proven, bench.entries([6, 7]))
        #expect(bench.delivered == [6, 7, 8, 9])
    }

    @Test func `the log comes in pages, each from where the last one ended`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(10...10)
        bench.answer(.proven, bench.entries([6, 7]), hasMore: true)
        #expect(bench.asked.last?.call.position?.seq == 7)
        #expect(bench.delivered == [6, 7])
        bench.answer(.proven, bench.entries([8, 9]))
        #expect(bench.delivered == [6, 7, 8, 9, 10])
    }

    @Test func `what is no longer kept is said to be missing`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(20...20)
        bench.answer(.trimmed, bench.entries([15, 16, 17, 18, 19]))
        #expect(bench.missed == [6...14])
        #expect(bench.delivered == [15, 16, 17, 18, 19, 20])
    }

    @Test func `an old reign's message is dropped, a newer one's is looked up in its reign`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...6, epoch: 2)
        #expect(bench.delivered.isEmpty)
        bench.hear(6...6, epoch: 4)
        #expect(bench.doubts == [4])
        bench.stands(Reign(epoch: 4, dataSet: "four"))
        bench.answer(.proven, [], top: Position(epoch: 4, seq: 5, mid: Self.mid(5)))
        #expect(bench.delivered == [6])
    }

    @Test func `in another history, only what was not delivered is delivered, and never later`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...9)
        #expect(bench.delivered == [6, 7, 8, 9])
        bench.delivered = []
        bench.stands(Reign(epoch: 4, dataSet: "four"))
        #expect(bench.asked.last?.call.marks.first == .init(seq: 8, mid: Self.mid(8)))
        // 8 and 9 are lost; 20 stands at 8. Then the sender of 9 sends it once more.
        bench.answer(.rewound, bench.entries([7, 8], epoch: 4, as: [7, 20]))
        #expect(bench.bodies.suffix(1) == ["m20"])
        #expect(bench.delivered == [8])
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
        bench.run { $0.receive(again, into: &$1) }
        #expect(bench.bodies.suffix(3) == ["m20", "m21", "m22"])
        #expect(bench.delivered == [8, 9, 11])
    }

    // MARK: The chain

    @Test func `a number that is next is not believed if it follows another message`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...6, as: 20, prev: 4)
        #expect(bench.delivered.isEmpty)
        #expect(bench.asked.last?.call.position == Bench.place(5))
        // The log says what happened: 5 was given twice.
        bench.answer(.rewound, bench.entries([5, 6], as: [19, 20], prev: 4))
        #expect(bench.bodies == ["m19", "m20"])
        #expect(bench.opened.last == 6)
    }

    @Test func `a number that was delivered is dropped only if it is that message`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...8)
        bench.asked = []
        bench.hear(7...7)
        bench.hear(6...8)
        #expect(bench.asked.isEmpty)
        bench.hear(7...7, as: 30, prev: 6)
        #expect(bench.asked.count == 1)
        bench.answer(.rewound, bench.entries([7], as: [30], prev: 6))
        #expect(bench.bodies.last == "m30")
        #expect(bench.missed.isEmpty)
    }

    @Test func `a publication that reaches over the position is taken from there on, if it has it`()
    {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...6)
        bench.hear(5...8)
        #expect(bench.delivered == [6, 7, 8])
        bench.asked = []
        bench.hear(7...10, as: 40)
        #expect(bench.delivered == [6, 7, 8])
        #expect(bench.asked.count == 1)
    }

    @Test func `no publication causes two questions`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(9...9, as: 50)
        #expect(bench.asked.count == 1)
        bench.hear(6...6)
        bench.answer(.proven, bench.entries([6]))
        #expect(bench.ignored == 1)
        #expect(bench.timeline.isLive)
        #expect(bench.asked.count == 1)
        bench.hear(7...7)
        #expect(bench.delivered == [6, 7])
    }

    @Test func `what contradicts and came after the question is asked about once`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(8...8)
        bench.hear(3...3, as: 60)
        bench.answer(.proven, bench.entries([6, 7, 8]))
        #expect(bench.delivered == [6, 7, 8])
        #expect(bench.asked.count == 2)
        bench.answer(.proven, [], top: Bench.place(8))
        #expect(bench.ignored == 1)
        #expect(bench.asked.count == 2)
        #expect(bench.timeline.isLive)
    }

    // MARK: The top

    @Test func `a room without a top goes on from here once everything has been heard`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...8)
        bench.run { $0.doubted(into: &$1) }
        #expect(!bench.timeline.isLive)
        bench.answerNoTop()
        #expect(bench.probes.count == 1)
        // Published before the probe, and so before whatever is asked after it.
        bench.hear(9...10)
        #expect(bench.delivered == [6, 7, 8])
        bench.probed()
        #expect(bench.delivered == [6, 7, 8, 9, 10])
        #expect(bench.asked.last?.call.replacing == CatchUpCall.FoundTop.none)
        #expect(bench.asked.last?.call.position == Bench.place(10))
        bench.answer(.proven, [], top: Bench.place(10))
        #expect(bench.opened.last == 10)
        #expect(bench.missed.isEmpty)
    }

    @Test func `a node that was cut off says that more may be missing, unless the reign is new`() {
        for (epoch, missed) in [(3 as UInt64, [nil]), (4, [])] as [(UInt64, [ClosedRange<UInt64>?])]
        {
            let bench = Bench()
            bench.live(at: 5)
            bench.run { timeline, _ in timeline.unsubscribed() }
            bench.stands(Reign(epoch: epoch, dataSet: "three"))
            bench.subscribed()
            bench.answerNoTop()
            #expect(bench.missed.isEmpty)
            bench.probed()
            #expect(bench.missed == missed)
            bench.answer(.proven, [], top: Bench.place(5, epoch: epoch))
            #expect(bench.timeline.isLive)
        }
    }

    @Test func `a rewind after a cut says so as well, as others may have heard what is gone`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...8)
        bench.run { $0.doubted(into: &$1) }
        bench.answer(.rewound, bench.entries([7], as: [30], prev: 6))
        #expect(bench.missed.isEmpty)
        bench.run { timeline, _ in timeline.unsubscribed() }
        bench.subscribed()
        bench.answer(.rewound, bench.entries([7], as: [31], prev: 6))
        #expect(bench.missed == [nil])
    }

    @Test func `a birth gives way to whoever has heard the room`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.stands(Reign(epoch: 4, dataSet: "four"))
        let birth = Position(epoch: 4, seq: 0, mid: Self.mid(0))
        bench.answer(.rewound, [], top: birth)
        bench.probed()
        #expect(bench.asked.last?.call.replacing == .top(.init(seq: 0, mid: Self.mid(0))))
        #expect(bench.asked.last?.call.position == Bench.place(5))
    }

    @Test func `an older top of the same reign that was delivered here is replaced`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...8)
        bench.run { $0.compare(into: &$1) }
        bench.answer(.rewound, [], top: Bench.place(6))
        bench.answer(.rewound, [], top: Bench.place(6))
        bench.probed()
        #expect(bench.asked.last?.call.replacing == .top(.init(seq: 6, mid: Self.mid(6))))
        bench.answer(.proven, [], top: Bench.place(8))
        #expect(bench.opened.last == 8)
    }

    @Test func `an older top stays if others may have gone on from it`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...8)
        // It is not one that was delivered here.
        bench.run { $0.doubted(into: &$1) }
        bench.answer(.rewound, bench.entries([7], as: [30], prev: 6))
        #expect(bench.probes.isEmpty)
        #expect(bench.bodies.last == "m30")
        // Or the reign is another one: what came after it is lost.
        bench.stands(Reign(epoch: 4, dataSet: "four"))
        bench.answer(.rewound, [], top: Position(epoch: 4, seq: 6, mid: Self.mid(6)))
        #expect(bench.probes.isEmpty)
        #expect(bench.opened.last == 6)
        #expect(bench.missed.isEmpty)
    }

    @Test func `in another history, what nobody here can have had is said to be missing`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.run { $0.doubted(into: &$1) }
        bench.answer(.rewound, bench.entries([40, 41], as: [70, 71], prev: 69))
        #expect(bench.missed == [nil])
        #expect(bench.delivered == [40, 41])
        bench.run { $0.doubted(into: &$1) }
        bench.answer(.rewound, [], top: Position(epoch: 3, seq: 50, mid: Self.mid(80)))
        #expect(bench.missed == [nil, nil])
        // From its very start nothing is missing.
        bench.run { $0.doubted(into: &$1) }
        bench.answer(.rewound, bench.entries([1, 2], as: [90, 91], prev: 99))
        #expect(bench.missed.count == 2)
    }

    @Test func `where more was delivered than is remembered, an old history is not told from anew`()
    {
        let bench = Bench()
        bench.live(at: 0)
        for seq in 1...UInt64(Limits.rememberedMessages) { bench.hear(seq...seq) }
        bench.stands(Reign(epoch: 4, dataSet: "four"))
        bench.answer(.rewound, bench.entries([1], as: [9_999], prev: 9_998))
        // Its clients are closed before they hear again what they may have heard.
        #expect(bench.missed == [nil])
    }

    @Test func `what was too much to be held may be missing where the room is put right`() {
        let bench = Bench()
        bench.live(at: 0)
        bench.run { $0.doubted(into: &$1) }
        for seq in 1...UInt64(Limits.heldMessages) + 1 { bench.hear(seq...seq) }
        bench.answerNoTop()
        bench.probed()
        #expect(bench.missed == [nil])
    }

    @Test func `where nothing is kept of what followed, all of it is missing`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(9...9)
        bench.answer(.trimmed, [], top: Bench.place(9))
        #expect(bench.missed == [6...9])
        #expect(bench.timeline.isLive)
    }

    @Test func `a newer reign's message waits until that reign is told`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...6, epoch: 4)
        #expect(bench.doubts == [4])
        #expect(bench.asked.isEmpty)
        // It was a forgery: the same reign is told again.
        bench.stands(bench.reign)
        bench.answer(.proven, [], top: Bench.place(5))
        #expect(bench.ignored == 1)
        bench.hear(6...6)
        #expect(bench.delivered == [6])
    }

    @Test func `more than can be held is read from the log instead`() {
        let bench = Bench()
        bench.live(at: 0)
        bench.hear(2...2)
        let held = UInt64(Limits.heldMessages) + 10
        for seq in 3...held { bench.hear(seq...seq) }
        bench.answer(.proven, bench.entries([1, 2]))
        #expect(bench.delivered == [1, 2])
        #expect(!bench.timeline.isLive)
        bench.answer(.proven, bench.entries(Array(3...held)))
        #expect(bench.delivered == Array(1...held))
        #expect(bench.timeline.isLive)
    }

    @Test func `an answer to an older question is nobody's`() throws {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(8...8)
        let old = try #require(bench.asked.first)
        bench.run { timeline, _ in timeline.unsubscribed() }
        bench.subscribed()
        let page = CatchUpPage(
            footing: .proven,
            entries: bench.entries([6]),
            hasMore: false,
            top: nil
        )
        bench.run { $0.caughtUp(.page(page), ticket: old.ticket, into: &$1) }
        #expect(bench.delivered.isEmpty)
        #expect(!bench.timeline.isLive)
    }

    @Test
    func `a comparison that shows something new leads to a look, one that does not to nothing`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.run { $0.compare(into: &$1) }
        bench.answer(.proven, [], top: Position(epoch: 3, seq: 5, mid: Self.mid(5)))
        #expect(bench.timeline.isLive)
        bench.run { $0.compare(into: &$1) }
        bench.hear(6...6)
        bench.answer(.proven, bench.entries([6]))
        #expect(bench.timeline.isLive)
        bench.run { $0.compare(into: &$1) }
        bench.answer(.proven, bench.entries([7]))
        #expect(!bench.timeline.isLive)
        bench.answer(.proven, bench.entries([7]))
        #expect(bench.delivered == [6, 7])
    }

    @Test func `a comparison under load, when the log has moved on, closes nobody`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.run { $0.compare(into: &$1) }
        bench.hear(6...6)
        // What followed 5 is no longer kept; what is still on its way begins with 7.
        bench.answer(.trimmed, bench.entries([20, 21]))
        #expect(bench.timeline.isLive)
        bench.hear(7...21)
        #expect(bench.delivered == Array(6...21))
    }

    @Test func `what is published by hand has no number, and its place`() {
        let bench = Bench()
        bench.live(at: 5)
        bench.hear(6...6)
        bench.run { $0.receive(byHand: Array("hand".utf8), into: &$1) }
        bench.hear(7...7)
        #expect(bench.bodies == ["m6", "hand", "m7"])
        bench.hear(9...9)
        bench.run { $0.receive(byHand: Array("late".utf8), into: &$1) }
        bench.answer(.proven, bench.entries([8]))
        #expect(bench.bodies.suffix(3) == ["m8", "m9", "late"])
    }

    @Test func `the milestones lead back in doubling steps, to the oldest that is remembered`() {
        var remembered = Remembered()
        for seq in 1...UInt64(Limits.rememberedMessages) + 100 {
            remembered.add(.init(seq: seq, mid: Self.mid(seq)))
        }
        let newest = UInt64(Limits.rememberedMessages) + 100
        let back = remembered.milestones.map { newest - $0.seq }
        #expect(back == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1023])
        #expect(remembered.highest.values.first == newest)
        #expect(remembered.mids.count == Limits.rememberedMessages)
    }
}
