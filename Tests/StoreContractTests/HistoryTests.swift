import ChatCore
import TestSupport
import Testing

/// Reading a room's log backwards, a page at a time: the store and the scripts alike.
@Suite struct HistoryTests {
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

    private func page(_ harness: StoreHarness, upTo seq: UInt64, limit: Int) throws -> HistoryPage {
        try harness.subject.history(HistoryCall(room: .lobby, upTo: seq, limit: limit))
    }

    @Test(arguments: StoreKind.allCases)
    func `pages end where they are to, and go back to the oldest that is kept`(
        _ kind: StoreKind
    ) async throws {
        let (harness, ada) = try await room(kind, 60, kept: 50, atATime: 4)
        for start in 55...60 as ClosedRange<UInt64> {
            var (end, seqs) = (start, [UInt64]())
            while true {
                let page = try page(harness, upTo: end, limit: 6)
                #expect(page.entries.last?.end == harness.place(end, ada))
                #expect(page.entries.seqs.count >= 6 || !page.hasMore)
                #expect(page.entries.seqs.count < 6 + 4)
                seqs = page.entries.seqs + seqs
                guard page.hasMore, let first = page.entries.first else { break }
                end = first.firstSeq - 1
            }
            #expect(seqs == Array(13...start))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a message that is not kept, or not yet there, has no page`(
        _ kind: StoreKind
    ) async throws {
        let (harness, _) = try await room(kind, 10, kept: 3)
        let nothing = HistoryPage(newestFirst: [], upTo: 1, hasMore: false)
        for seq in [0, 1, 7, 11, 100] as [UInt64] {
            #expect(try page(harness, upTo: seq, limit: 10) == nothing)
        }
        let other = HistoryCall(room: try RoomName("other"), upTo: 1, limit: 1)
        #expect(try harness.subject.history(other) == nothing)
        let (bare, _) = try await room(kind, 10, kept: 0)
        #expect(try page(bare, upTo: 10, limit: 10) == nothing)
    }

    @Test(arguments: StoreKind.allCases)
    func `nothing before a hole is in a page`(_ kind: StoreKind) async throws {
        let (harness, ada) = try await room(kind, 3)
        let far = harness.place(8, ada)
        let top = CatchUpCall.FoundTop.top(.init(seq: 3, mid: ada.mid(3)))
        _ = try harness.page(behind: far, replacing: top)
        for n in 4...5 as ClosedRange<UInt64> { _ = try harness.say(ada, [n]) }
        let page = try page(harness, upTo: 10, limit: 10)
        #expect(page.entries.seqs == [9, 10])
        #expect(!page.hasMore)
    }
}
