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
        let empty = CatchUpPage(footing: .proven, entries: [], hasMore: false, top: nil)
        #expect(try bench.page(behind: nil) == empty)
        #expect(try bench.page(behind: bench.place(0, ada)) == empty)
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
            let mark = CatchUpCall.Mark(seq: seq, mid: bench.place(seq, ada).mid ?? ada.mid(1))
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
        let page = try bench.page(behind: bench.place(12, ada))
        #expect(page.footing == .trimmed)
        #expect(page.entries.seqs == Array(13...20))
        // But the newest stays, or whoever missed it once could never have it.
        let (small, eve) = try await room(kind, 20, kept: 2, atATime: 4)
        #expect(try small.page(behind: small.place(16, eve)).footing == .trimmed)
        #expect(try small.page(behind: small.place(16, eve)).entries.seqs == Array(17...20))
        #expect(try small.page(behind: small.place(18, eve)).entries.seqs == [19, 20])
    }

    @Test(arguments: KeeperKind.allCases)
    func `where what followed is no longer kept, the oldest that is comes first`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 10, kept: 3)
        for seq in [0, 1, 7] as [UInt64] {
            let page = try bench.page(behind: bench.place(seq, ada))
            #expect(page.footing == .trimmed)
            #expect(page.entries.seqs == [8, 9, 10])
        }
        let (nearly, eve) = try await room(kind, 10, kept: 9)
        #expect(try nearly.page(behind: nearly.place(0, eve)).footing == .trimmed)
        // Its own entry is needed for the proof.
        #expect(try bench.page(behind: bench.place(8, ada)).footing == .proven)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a place keeps standing through a restart that loses nothing`(
        _ kind: KeeperKind
    ) async throws {
        let (bench, ada) = try await room(kind, 5)
        let (place, top) = (bench.place(3, ada), bench.place(5, ada))
        let start = bench.place(0, ada)
        try bench.keeper.restart()
        try bench.begin()
        #expect(try bench.page(behind: place).footing == .proven)
        #expect(try bench.page(behind: place).entries.seqs == [4, 5])
        #expect(try bench.page(behind: top).entries == [])
        #expect(try bench.page(behind: top).top == bench.place(5, ada))
        // Before the first message of a history that may be another one.
        let page = try bench.page(behind: start)
        #expect(page.footing == .rewound)
        #expect(page.entries.count == 5)
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

    @Test(arguments: KeeperKind.allCases)
    func `a place without a message proves nothing`(_ kind: KeeperKind) async throws {
        let (bench, _) = try await room(kind, 3)
        for seq in [2, 3] as [UInt64] {
            let place = Position(epoch: bench.reign.epoch, seq: seq, mid: nil)
            #expect(try bench.page(behind: place).footing == .rewound)
        }
    }
}
