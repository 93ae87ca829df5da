import ChatCore
import TestSupport
import Testing

/// Catching up: the store and the scripts alike.
@Suite struct CatchUpTests {
    /// Makes a room with the messages 1 to `count`, all of one login, sent `atATime` to a call. The
    /// newest `kept` are kept.
    private func room(
        _ kind: StoreKind,
        _ count: UInt64,
        kept: Int = 1000,
        atATime: UInt64 = 1
    ) async throws -> (StoreHarness, Holding) {
        let harness = try await StoreHarness(kind, .init(messages: kept))
        let ada = try harness.hold("Ada")
        for first in stride(from: 1, through: count, by: Int(atATime)) {
            _ = try harness.say(ada, Array(first...min(first + atATime - 1, count)))
        }
        return (harness, ada)
    }

    @Test(arguments: StoreKind.allCases)
    func `who is nowhere yet learns the top`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 0)
        let start = harness.place(0, ada)
        #expect(start.mid.n == 0)
        let empty = CatchUpPage(continuity: .proven, entries: [], hasMore: false, top: start)
        #expect(try harness.page(behind: nil) == empty)
        #expect(try harness.page(behind: start) == empty)
        _ = try harness.say(ada, [1])
        let page = try harness.page(behind: nil)
        #expect(page.entries == [])
        #expect(page.top == harness.place(1, ada))
    }

    @Test(arguments: StoreKind.allCases)
    func `what follows a place that stands is proven, in pages`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 10)
        let page = try harness.page(behind: harness.place(4, ada), limit: 3)
        #expect(page.continuity == .proven)
        #expect(page.entries.seqs == [5, 6, 7])
        #expect(page.entries.allSatisfy { $0.epoch == harness.epoch.number })
        #expect(page.hasMore)
        let last = try harness.page(behind: harness.place(7, ada), limit: 3)
        #expect(last.entries.seqs == [8, 9, 10])
        #expect(!last.hasMore)
        let end = try harness.page(behind: harness.place(10, ada))
        #expect(end.continuity == .proven)
        #expect(end.entries == [])
        let all = try harness.page(behind: harness.place(0, ada))
        #expect(all.continuity == .proven)
        #expect(all.entries == (try harness.subject.log(of: .lobby)))
    }

    @Test(arguments: StoreKind.allCases)
    func `what was said together is read from any message on, and ends an answer together`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 50, atATime: 4)
        for seq in 0...50 as ClosedRange<UInt64> {
            let page = try harness.page(behind: harness.place(seq, ada), limit: 6)
            #expect(page.continuity == .proven)
            // With the entry in which six are full.
            let end = min(50, (seq + 5) / 4 * 4 + 4)
            #expect(page.entries.seqs == Array((seq + 1)..<(max(end, seq) + 1)))
            #expect(page.entries.mids.map(\.n) == page.entries.seqs)
            #expect(page.hasMore == (end < 50))
            let mark = MessagePlace(seq: seq, mid: harness.place(seq, ada).mid)
            let void = try harness.page(behind: harness.place(60, ada), marks: [mark], limit: 6)
            #expect(void.continuity == .rewound)
            #expect(
                void.entries
                    == (try harness.page(behind: harness.place(seq, ada), limit: 6)).entries
            )
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `what was said together goes together`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 20, kept: 9, atATime: 4)
        #expect(try harness.page(behind: harness.place(13, ada)).continuity == .proven)
        // The oldest entry names the message before it.
        let all = try harness.page(behind: harness.place(12, ada))
        #expect(all.continuity == .proven)
        #expect(all.entries.seqs == Array(13...20))
        let page = try harness.page(behind: harness.place(11, ada))
        #expect(page.continuity == .trimmed)
        #expect(page.entries.seqs == Array(13...20))
        // But the newest entry stays, or a node that has missed it could never get it.
        let (small, eve) = try await room(kind, 20, kept: 2, atATime: 4)
        #expect(try small.page(behind: small.place(15, eve)).continuity == .trimmed)
        #expect(try small.page(behind: small.place(16, eve)).entries.seqs == Array(17...20))
        #expect(try small.page(behind: small.place(18, eve)).entries.seqs == [19, 20])
    }

    @Test(arguments: StoreKind.allCases)
    func `where what followed is no longer kept, the oldest that is comes first`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 10, kept: 3)
        for seq in [0, 1, 6] as [UInt64] {
            let page = try harness.page(behind: harness.place(seq, ada))
            #expect(page.continuity == .trimmed)
            #expect(page.entries.seqs == [8, 9, 10])
        }
        let (nearly, eve) = try await room(kind, 10, kept: 9)
        #expect(try nearly.page(behind: nearly.place(0, eve)).continuity == .trimmed)
        #expect(try nearly.page(behind: nearly.place(1, eve)).continuity == .proven)
        // What follows it names it, whatever becomes of its own entry.
        #expect(try harness.page(behind: harness.place(7, ada)).continuity == .proven)
        #expect(try harness.page(behind: harness.place(7, ada, n: 9)).continuity == .rewound)
    }

    @Test(arguments: StoreKind.allCases)
    func `a place keeps registration through a restart that loses nothing`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 5)
        let (place, top) = (harness.place(3, ada), harness.place(5, ada))
        let start = harness.place(0, ada)
        let otherStart = Position(epoch: start.epoch, seq: 0, mid: .birth(ada.grant.producer))
        try harness.subject.restart()
        try harness.begin()
        #expect(try harness.page(behind: place).continuity == .proven)
        #expect(try harness.page(behind: place).entries.seqs == [4, 5])
        #expect(try harness.page(behind: top).entries == [])
        #expect(try harness.page(behind: top).top == harness.place(5, ada))
        // Before the first message a place has a name as well.
        #expect(try harness.page(behind: start).continuity == .proven)
        #expect(try harness.page(behind: start).entries.seqs == [1, 2, 3, 4, 5])
        #expect(try harness.page(behind: otherStart).continuity == .rewound)
        let again = Holding(claim: ada.claim, grant: try harness.granted(harness.again(ada)))
        #expect(try harness.say(again, [6]) == [.accepted(seq: 6)])
        let epochs = try harness.page(behind: top).entries.map(\.epoch)
        #expect(epochs == [harness.epoch.number])
    }

    @Test(arguments: StoreKind.allCases)
    func `a place that is not in this history goes back to the newest mark that is`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 5)
        let void = harness.place(7, ada)
        let other = harness.place(4, ada, n: 9)
        func mark(_ seq: UInt64, n: UInt64) -> MessagePlace {
            .init(seq: seq, mid: MessageID(producer: ada.grant.producer, n: n))
        }
        let marks = [mark(6, n: 6), mark(4, n: 9), mark(3, n: 3), mark(2, n: 2)]
        for place in [void, other] {
            let page = try harness.page(behind: place, marks: marks)
            #expect(page.continuity == .rewound)
            #expect(page.entries.seqs == [4, 5])
            let bare = try harness.page(behind: place, limit: 2)
            #expect(bare.continuity == .rewound)
            #expect(bare.entries.seqs == [1, 2])
            #expect(bare.hasMore)
        }
        try harness.subject.erase()
        try harness.begin()
        let page = try harness.page(behind: void, marks: marks)
        #expect(page == CatchUpPage(continuity: .rewound, entries: [], hasMore: false, top: nil))
    }

    // MARK: The top

    @Test(arguments: StoreKind.allCases)
    func `a room whose top is gone ends where its log does`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 7, atATime: 3)
        try harness.subject.changeTop(of: .lobby, to: nil)
        #expect(try harness.answer(ada, [8], from: harness.place(7, ada)) == .otherHistory)
        #expect(try harness.answer(ada, [8]) == .otherHistory)
        let page = try harness.page(behind: harness.place(5, ada))
        #expect(page.continuity == .proven)
        #expect(page.entries.seqs == [6, 7])
        #expect(page.top == harness.place(7, ada))
        #expect(try harness.say(ada, [8], from: harness.place(7, ada)) == [.accepted(seq: 8)])
        #expect(try harness.subject.log(of: .lobby).last?.prev == ada.mid(7))
    }

    @Test(arguments: StoreKind.allCases)
    func `an older top that is put back ends where the log does`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 7)
        let older = harness.place(4, ada)
        try harness.subject.changeTop(of: .lobby, to: .init(seq: older.seq, mid: older.mid))
        // A caller that knows of a newer message is refused, and so is one that the log contradicts.
        for place in [harness.place(7, ada), harness.place(4, ada, n: 9), older, nil] {
            #expect(try harness.answer(ada, [8], from: place) == .otherHistory)
        }
        #expect(try harness.page(behind: older).entries.seqs == [5, 6, 7])
        #expect(try harness.say(ada, [8], from: harness.place(7, ada)) == [.accepted(seq: 8)])
    }

    @Test(arguments: StoreKind.allCases)
    func `what was refused for its history has used no number`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 3)
        try harness.subject.changeTop(of: .lobby, to: .init(seq: 1, mid: ada.mid(1)))
        #expect(try harness.answer(ada, [4, 5]) == .otherHistory)
        // Nothing of it would have been accepted: that is told as ever.
        #expect(try harness.say(ada, [3, 9]) == [.duplicate(seq: 3), .gap(expected: 4)])
        try harness.begin(.lobby)
        #expect(try harness.say(ada, [4]) == [.accepted(seq: 4)])
    }

    @Test(arguments: StoreKind.allCases)
    func `where the log is gone as well, whoever has heard the room says where it goes on`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 5)
        let place = harness.place(5, ada)
        try harness.subject.changeTop(of: .lobby, to: nil)
        try harness.subject.loseLog(of: .lobby)
        let unknown = CatchUpPage(continuity: .rewound, entries: [], hasMore: false, top: nil)
        #expect(try harness.page(behind: place) == unknown)
        let page = try harness.page(behind: place, replacing: CatchUpCall.FoundTop.none)
        #expect(page == CatchUpPage(continuity: .proven, entries: [], hasMore: false, top: place))
        #expect(try harness.say(ada, [6], from: place) == [.accepted(seq: 6)])
        // It counts only as long as nothing has changed since it was told.
        let lower = harness.place(4, ada)
        let late = try harness.page(behind: lower, replacing: CatchUpCall.FoundTop.none)
        #expect(late.top == harness.place(6, ada))
    }

    @Test(arguments: StoreKind.allCases)
    func `a top is replaced only by a place further on, and only if it is still the one told`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 9)
        func put(_ seq: UInt64) throws -> CatchUpCall.FoundTop {
            let mark = MessagePlace(seq: seq, mid: ada.mid(seq))
            try harness.subject.changeTop(of: .lobby, to: mark)
            return .top(mark)
        }
        try harness.subject.loseLog(of: .lobby)
        let four = try put(4)
        _ = try put(6)
        #expect(try harness.page(behind: harness.place(9, ada), replacing: four).top?.seq == 6)
        let six = try put(6)
        #expect(try harness.page(behind: harness.place(5, ada), replacing: six).top?.seq == 6)
        #expect(try harness.page(behind: harness.place(9, ada), replacing: six).top?.seq == 9)
        #expect(try harness.page(behind: harness.place(9, ada)).continuity == .proven)
        // A caller that did not hear the messages then misses them, because no log has them.
        let page = try harness.page(behind: harness.place(6, ada))
        #expect(page.continuity == .trimmed)
        #expect(page.entries.isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func `a birth gives way, and a hole in the log is told`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 3)
        try harness.subject.changeTop(of: .lobby, to: nil)
        try harness.subject.loseLog(of: .lobby)
        let birth = try harness.begin(.lobby)
        #expect(birth.seq == 0)
        #expect(birth.mid != harness.birth)
        let mark = MessagePlace(seq: 0, mid: birth.mid)
        let page = try harness.page(behind: harness.place(3, ada), replacing: .top(mark))
        #expect(page.top == harness.place(3, ada))
        #expect(try harness.say(ada, [4]) == [.accepted(seq: 4)])
        let behind = try harness.page(behind: birth)
        #expect(behind.continuity == .trimmed)
        #expect(behind.entries.seqs == [4])
    }

    @Test(arguments: StoreKind.allCases)
    func `a caller that may lack messages puts a birth, which no other position agrees with`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 5)
        let place = harness.place(5, ada)
        try harness.subject.changeTop(of: .lobby, to: nil)
        try harness.subject.loseLog(of: .lobby)
        func put(_ position: Position, _ found: CatchUpCall.FoundTop) throws -> CatchUpPage {
            try harness.page(behind: position, replacing: found, mayLackMore: true)
        }
        let page = try put(place, CatchUpCall.FoundTop.none)
        let birth = try #require(page.top)
        #expect(page.continuity == .rewound)
        #expect(birth.seq == 5)
        #expect(birth.mid.isBirth)
        #expect(try harness.page(behind: place).continuity == .rewound)
        #expect(try harness.page(behind: birth).continuity == .proven)
        #expect(try harness.answer(ada, [6], from: place) == .otherHistory)
        // Another such caller replaces it only by a higher number.
        let found = CatchUpCall.FoundTop.top(.init(seq: 5, mid: birth.mid))
        #expect(try put(place, found).top == birth)
        let higher = try #require(try put(harness.place(6, ada), found).top)
        #expect(higher.seq == 6)
        #expect(higher.mid.isBirth && higher.mid != birth.mid)
        // A message replaces a birth with its number, and no birth replaces a message.
        let newest = harness.place(6, ada)
        let top = CatchUpCall.FoundTop.top(.init(seq: 6, mid: higher.mid))
        #expect(try harness.page(behind: newest, replacing: top).top == newest)
        let message = CatchUpCall.FoundTop.top(.init(seq: 6, mid: newest.mid))
        #expect(try put(newest, message).top == newest)
    }

    @Test(arguments: StoreKind.allCases)
    func `a hole in the log ends a page, and the next one tells of it`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 3)
        let far = harness.place(8, ada)
        let top = CatchUpCall.FoundTop.top(.init(seq: 3, mid: ada.mid(3)))
        _ = try harness.page(behind: far, replacing: top)
        for n in 4...5 as ClosedRange<UInt64> { _ = try harness.say(ada, [n]) }
        let page = try harness.page(behind: harness.place(1, ada))
        #expect(page.continuity == .proven)
        #expect(page.entries.seqs == [2, 3])
        #expect(page.hasMore)
        let next = try harness.page(behind: harness.place(3, ada))
        #expect(next.continuity == .trimmed)
        #expect(next.entries.seqs == [9, 10])
        #expect(next.entries.first?.prev == far.mid)
        #expect(!next.hasMore)
    }

    @Test(arguments: StoreKind.allCases)
    func `numbers that were given are not given again, though nothing of them is kept`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 6, kept: 0)
        try harness.subject.changeTop(of: .lobby, to: .init(seq: 2, mid: ada.mid(2)))
        // This one's place is as old.
        #expect(try harness.answer(ada, [7], from: harness.place(2, ada)) == .otherHistory)
        let page = try harness.page(behind: harness.place(2, ada))
        #expect(page.continuity == .trimmed)
        #expect(page.top?.seq == 6)
        #expect(page.top?.mid.n == 0)
        #expect(try harness.say(ada, [7], from: page.top) == [.accepted(seq: 7)])
    }

    @Test(arguments: StoreKind.allCases)
    func `where a number was given twice, both messages are read`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 8, atATime: 4)
        let older = MessagePlace(seq: 6, mid: ada.mid(6))
        try harness.subject.changeTop(of: .lobby, to: older)
        #expect(try harness.say(ada, [9], from: harness.place(6, ada)) == [.accepted(seq: 7)])
        let page = try harness.page(behind: harness.place(4, ada), limit: 1)
        #expect(page.continuity == .proven)
        #expect(page.entries.seqs == [5, 6, 7, 8, 7])
        #expect(page.entries.mids == [5, 6, 7, 8, 9].map(ada.mid))
        #expect(page.entries.last?.prev == ada.mid(6))
        #expect(page.top == harness.place(7, ada, n: 9))
        let end = try harness.page(behind: harness.place(8, ada), marks: [older])
        #expect(end.continuity == .rewound)
        #expect(end.entries.mids == [9].map(ada.mid))
    }
}
