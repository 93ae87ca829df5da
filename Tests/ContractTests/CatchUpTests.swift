import ChatCore
import TestSupport
import Testing

/// Catching up: the store and the scripts alike.
@Suite struct CatchUpTests {
    /// A room with numbers 1 to `count`, all of one login, said so many at a time, of which the newest
    /// are kept.
    private func room(
        _ kind: KeeperKind,
        _ count: UInt64,
        kept: Int = 1000,
        atATime: UInt64 = 1
    ) async throws -> (Bench, Holding) {
        let bench = try await Bench(kind, .init(messages: kept))
        let ada = try bench.hold("Ada")
        for first in stride(from: 1, through: count, by: Int(atATime)) {
            _ = try bench.say(ada, Array(first...min(first + atATime - 1, count)))
        }
        return (bench, ada)
    }

    @Test(arguments: KeeperKind.allCases)
    func `who is nowhere yet learns the top`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 0)
        let start = bench.place(0, ada)
        #expect(start.mid.n == 0)
        let empty = CatchUpPage(footing: .proven, entries: [], hasMore: false, top: start)
        #expect(try bench.page(behind: nil) == empty)
        #expect(try bench.page(behind: start) == empty)
        _ = try bench.say(ada, [1])
        let page = try bench.page(behind: nil)
        #expect(page.entries == [])
        #expect(page.top == bench.place(1, ada))
    }

    @Test(arguments: KeeperKind.allCases)
    func `what follows a place that stands is proven, in pages`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 10)
        let page = try bench.page(behind: bench.place(4, ada), limit: 3)
        #expect(page.footing == .proven)
        #expect(page.entries.seqs == [5, 6, 7])
        #expect(page.entries.allSatisfy { $0.epoch == bench.reign.epoch })
        #expect(page.hasMore)
        let last = try bench.page(behind: bench.place(7, ada), limit: 3)
        #expect(last.entries.seqs == [8, 9, 10])
        #expect(!last.hasMore)
        let end = try bench.page(behind: bench.place(10, ada))
        #expect(end.footing == .proven)
        #expect(end.entries == [])
        let all = try bench.page(behind: bench.place(0, ada))
        #expect(all.footing == .proven)
        #expect(all.entries == (try bench.keeper.log(of: .lobby)))
    }

    @Test(arguments: KeeperKind.allCases)
    func `what was said together is read from any message on, and ends an answer together`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 50, atATime: 4)
        for seq in 0...50 as ClosedRange<UInt64> {
            let page = try bench.page(behind: bench.place(seq, ada), limit: 6)
            #expect(page.footing == .proven)
            // With the entry in which six are full.
            let end = min(50, (seq + 5) / 4 * 4 + 4)
            #expect(page.entries.seqs == Array((seq + 1)..<(max(end, seq) + 1)))
            #expect(page.entries.mids.map(\.n) == page.entries.seqs)
            #expect(page.hasMore == (end < 50))
            let mark = CatchUpCall.Mark(seq: seq, mid: bench.place(seq, ada).mid)
            let void = try bench.page(behind: bench.place(60, ada), marks: [mark], limit: 6)
            #expect(void.footing == .rewound)
            #expect(
                void.entries == (try bench.page(behind: bench.place(seq, ada), limit: 6)).entries
            )
        }
    }

    @Test(arguments: KeeperKind.allCases)
    func `what was said together goes together`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 20, kept: 9, atATime: 4)
        #expect(try bench.page(behind: bench.place(13, ada)).footing == .proven)
        // The oldest entry names the message before it.
        let all = try bench.page(behind: bench.place(12, ada))
        #expect(all.footing == .proven)
        #expect(all.entries.seqs == Array(13...20))
        let page = try bench.page(behind: bench.place(11, ada))
        #expect(page.footing == .trimmed)
        #expect(page.entries.seqs == Array(13...20))
        // But the newest stays, or whoever missed it once could never have it.
        let (small, eve) = try await room(kind, 20, kept: 2, atATime: 4)
        #expect(try small.page(behind: small.place(15, eve)).footing == .trimmed)
        #expect(try small.page(behind: small.place(16, eve)).entries.seqs == Array(17...20))
        #expect(try small.page(behind: small.place(18, eve)).entries.seqs == [19, 20])
    }

    @Test(arguments: KeeperKind.allCases)
    func `where what followed is no longer kept, the oldest that is comes first`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 10, kept: 3)
        for seq in [0, 1, 6] as [UInt64] {
            let page = try bench.page(behind: bench.place(seq, ada))
            #expect(page.footing == .trimmed)
            #expect(page.entries.seqs == [8, 9, 10])
        }
        let (nearly, eve) = try await room(kind, 10, kept: 9)
        #expect(try nearly.page(behind: nearly.place(0, eve)).footing == .trimmed)
        #expect(try nearly.page(behind: nearly.place(1, eve)).footing == .proven)
        // What follows it names it, whatever becomes of its own entry.
        #expect(try bench.page(behind: bench.place(7, ada)).footing == .proven)
        #expect(try bench.page(behind: bench.place(7, ada, n: 9)).footing == .rewound)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a place keeps standing through a restart that loses nothing`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 5)
        let (place, top) = (bench.place(3, ada), bench.place(5, ada))
        let start = bench.place(0, ada)
        let otherStart = Position(epoch: start.epoch, seq: 0, mid: .birth(ada.grant.lineage))
        try bench.keeper.restart()
        try bench.begin()
        #expect(try bench.page(behind: place).footing == .proven)
        #expect(try bench.page(behind: place).entries.seqs == [4, 5])
        #expect(try bench.page(behind: top).entries == [])
        #expect(try bench.page(behind: top).top == bench.place(5, ada))
        // Before the first message a place has a name as well.
        #expect(try bench.page(behind: start).footing == .proven)
        #expect(try bench.page(behind: start).entries.seqs == [1, 2, 3, 4, 5])
        #expect(try bench.page(behind: otherStart).footing == .rewound)
        let again = Holding(claim: ada.claim, grant: try bench.granted(bench.again(ada)))
        #expect(try bench.say(again, [6]) == [.accepted(seq: 6)])
        let epochs = try bench.page(behind: top).entries.map(\.epoch)
        #expect(epochs == [bench.reign.epoch])
    }

    @Test(arguments: KeeperKind.allCases)
    func `a place that is not in this history goes back to the newest mark that is`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 5)
        let void = bench.place(7, ada)
        let other = bench.place(4, ada, n: 9)
        func mark(_ seq: UInt64, n: UInt64) -> CatchUpCall.Mark {
            .init(seq: seq, mid: MessageID(lineage: ada.grant.lineage, n: n))
        }
        let marks = [mark(6, n: 6), mark(4, n: 9), mark(3, n: 3), mark(2, n: 2)]
        for place in [void, other] {
            let page = try bench.page(behind: place, marks: marks)
            #expect(page.footing == .rewound)
            #expect(page.entries.seqs == [4, 5])
            let bare = try bench.page(behind: place, limit: 2)
            #expect(bare.footing == .rewound)
            #expect(bare.entries.seqs == [1, 2])
            #expect(bare.hasMore)
        }
        try bench.keeper.erase()
        try bench.begin()
        let page = try bench.page(behind: void, marks: marks)
        #expect(page == CatchUpPage(footing: .rewound, entries: [], hasMore: false, top: nil))
    }

    // MARK: The top

    @Test(arguments: KeeperKind.allCases)
    func `a room whose top is gone ends where its log does`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 7, atATime: 3)
        try bench.keeper.changeTop(of: .lobby, to: nil)
        #expect(try bench.answer(ada, [8], from: bench.place(7, ada)) == .otherHistory)
        #expect(try bench.answer(ada, [8]) == .otherHistory)
        let page = try bench.page(behind: bench.place(5, ada))
        #expect(page.footing == .proven)
        #expect(page.entries.seqs == [6, 7])
        #expect(page.top == bench.place(7, ada))
        #expect(try bench.say(ada, [8], from: bench.place(7, ada)) == [.accepted(seq: 8)])
        #expect(try bench.keeper.log(of: .lobby).last?.prev == ada.mid(7))
    }

    @Test(arguments: KeeperKind.allCases)
    func `an older top that is put back ends where the log does`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 7)
        let older = bench.place(4, ada)
        try bench.keeper.changeTop(of: .lobby, to: .init(seq: older.seq, mid: older.mid))
        // Whoever knows of something newer notices, and so does the log.
        for place in [bench.place(7, ada), bench.place(4, ada, n: 9), older, nil] {
            #expect(try bench.answer(ada, [8], from: place) == .otherHistory)
        }
        #expect(try bench.page(behind: older).entries.seqs == [5, 6, 7])
        #expect(try bench.say(ada, [8], from: bench.place(7, ada)) == [.accepted(seq: 8)])
    }

    @Test(arguments: KeeperKind.allCases)
    func `what was refused for its history has used no number`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 3)
        try bench.keeper.changeTop(of: .lobby, to: .init(seq: 1, mid: ada.mid(1)))
        #expect(try bench.answer(ada, [4, 5]) == .otherHistory)
        // Nothing of it would have been accepted: that is told as ever.
        #expect(try bench.say(ada, [3, 9]) == [.duplicate(seq: 3), .gap(expected: 4)])
        try bench.begin(.lobby)
        #expect(try bench.say(ada, [4]) == [.accepted(seq: 4)])
    }

    @Test(arguments: KeeperKind.allCases)
    func `where the log is gone as well, whoever has heard the room says where it goes on`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 5)
        let place = bench.place(5, ada)
        try bench.keeper.changeTop(of: .lobby, to: nil)
        try bench.keeper.loseLog(of: .lobby)
        let unknown = CatchUpPage(footing: .rewound, entries: [], hasMore: false, top: nil)
        #expect(try bench.page(behind: place) == unknown)
        let page = try bench.page(behind: place, replacing: CatchUpCall.FoundTop.none)
        #expect(page == CatchUpPage(footing: .proven, entries: [], hasMore: false, top: place))
        #expect(try bench.say(ada, [6], from: place) == [.accepted(seq: 6)])
        // It counts only as long as nothing has changed since it was told.
        let lower = bench.place(4, ada)
        let late = try bench.page(behind: lower, replacing: CatchUpCall.FoundTop.none)
        #expect(late.top == bench.place(6, ada))
    }

    @Test(arguments: KeeperKind.allCases)
    func `a top is replaced only by a place further on, and only if it is still the one told`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 9)
        func put(_ seq: UInt64) throws -> CatchUpCall.FoundTop {
            let mark = CatchUpCall.Mark(seq: seq, mid: ada.mid(seq))
            try bench.keeper.changeTop(of: .lobby, to: mark)
            return .top(mark)
        }
        try bench.keeper.loseLog(of: .lobby)
        let four = try put(4)
        _ = try put(6)
        #expect(try bench.page(behind: bench.place(9, ada), replacing: four).top?.seq == 6)
        let six = try put(6)
        #expect(try bench.page(behind: bench.place(5, ada), replacing: six).top?.seq == 6)
        #expect(try bench.page(behind: bench.place(9, ada), replacing: six).top?.seq == 9)
        #expect(try bench.page(behind: bench.place(9, ada)).footing == .proven)
        // Whoever was not there then misses what no log has.
        let page = try bench.page(behind: bench.place(6, ada))
        #expect(page.footing == .trimmed)
        #expect(page.entries.isEmpty)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a birth gives way, and a hole in the log is told`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 3)
        try bench.keeper.changeTop(of: .lobby, to: nil)
        try bench.keeper.loseLog(of: .lobby)
        let birth = try bench.begin(.lobby)
        #expect(birth.seq == 0)
        #expect(birth.mid != bench.birth)
        let mark = CatchUpCall.Mark(seq: 0, mid: birth.mid)
        let page = try bench.page(behind: bench.place(3, ada), replacing: .top(mark))
        #expect(page.top == bench.place(3, ada))
        #expect(try bench.say(ada, [4]) == [.accepted(seq: 4)])
        let behind = try bench.page(behind: birth)
        #expect(behind.footing == .trimmed)
        #expect(behind.entries.seqs == [4])
    }

    @Test(arguments: KeeperKind.allCases)
    func `a hole in the log ends a page, and the next one tells of it`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 3)
        let far = bench.place(8, ada)
        let top = CatchUpCall.FoundTop.top(.init(seq: 3, mid: ada.mid(3)))
        _ = try bench.page(behind: far, replacing: top)
        for n in 4...5 as ClosedRange<UInt64> { _ = try bench.say(ada, [n]) }
        let page = try bench.page(behind: bench.place(1, ada))
        #expect(page.footing == .proven)
        #expect(page.entries.seqs == [2, 3])
        #expect(page.hasMore)
        let next = try bench.page(behind: bench.place(3, ada))
        #expect(next.footing == .trimmed)
        #expect(next.entries.seqs == [9, 10])
        #expect(next.entries.first?.prev == far.mid)
        #expect(!next.hasMore)
    }

    @Test(arguments: KeeperKind.allCases)
    func `numbers that were given are not given again, though nothing of them is kept`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 6, kept: 0)
        try bench.keeper.changeTop(of: .lobby, to: .init(seq: 2, mid: ada.mid(2)))
        // This one's place is as old.
        #expect(try bench.answer(ada, [7], from: bench.place(2, ada)) == .otherHistory)
        let page = try bench.page(behind: bench.place(2, ada))
        #expect(page.footing == .trimmed)
        #expect(page.top?.seq == 6)
        #expect(page.top?.mid.n == 0)
        #expect(try bench.say(ada, [7], from: page.top) == [.accepted(seq: 7)])
    }

    @Test(arguments: KeeperKind.allCases)
    func `where a number was given twice, both messages are read`(_ kind: KeeperKind) async throws {
        let (bench, ada) = try await room(kind, 8, atATime: 4)
        let older = CatchUpCall.Mark(seq: 6, mid: ada.mid(6))
        try bench.keeper.changeTop(of: .lobby, to: older)
        #expect(try bench.say(ada, [9], from: bench.place(6, ada)) == [.accepted(seq: 7)])
        let page = try bench.page(behind: bench.place(4, ada), limit: 1)
        #expect(page.footing == .proven)
        #expect(page.entries.seqs == [5, 6, 7, 8, 7])
        #expect(page.entries.mids == [5, 6, 7, 8, 9].map(ada.mid))
        #expect(page.entries.last?.prev == ada.mid(6))
        #expect(page.top == bench.place(7, ada, n: 9))
        let end = try bench.page(behind: bench.place(8, ada), marks: [older])
        #expect(end.footing == .rewound)
        #expect(end.entries.mids == [9].map(ada.mid))
    }
}
