import Testing

@testable import ChatCore

/// Messages that are older than a room's newest one by more than they may be.
@Suite struct RoomHistoryAgeTests {
    private static func mid(_ n: UInt64) -> MessageID { TimelineHarness.mid(n) }

    private func publication(_ seqs: ClosedRange<UInt64>, at ms: Int64) -> Publication {
        Publication(
            room: .lobby,
            epoch: 3,
            firstSeq: seqs.lowerBound,
            prev: Self.mid(seqs.lowerBound - 1),
            ms: ms,
            items: seqs.map { seq in
                let chat = Array(#"{"type":"chat","username":"A","value":"text \#(seq)"}"#.utf8)
                return .init(mid: Self.mid(seq), body: chat)
            }
        )
    }

    /// A room that stands at a number, and keeps messages for two minutes.
    private func room(at seq: UInt64) -> RoomHistory {
        var history = RoomHistory(of: .lobby, backlog: Backlog(maxAge: .seconds(120)))
        _ = history.open(at: Position(epoch: 3, seq: seq, mid: Self.mid(seq)))
        return history
    }

    private func deliver(_ publication: Publication, to history: inout RoomHistory) {
        publication.forEachBatch { history.append($0) }
        history.trim(passed: history.backlog.end)
    }

    /// The number of messages that a client gets of the newest ten; nil: the log has to be read.
    private func newest(in history: RoomHistory) -> Int? {
        let start = Session.Start(since: .unsaid, last: 10)
        return history.beginning(at: start).map { history.backlog.end - $0.cursor }
    }

    private func page(
        _ publications: [Publication],
        upTo seq: UInt64,
        hasMore: Bool
    ) -> HistoryPage {
        HistoryPage(newestFirst: publications.reversed(), upTo: seq, hasMore: hasMore)
    }

    @Test func `what is too old is dropped, and the log is not asked for it once it was read`() {
        var history = room(at: 1)
        deliver(publication(2...4, at: 1_000), to: &history)
        #expect(newest(in: history) == nil)
        let found = page([publication(1...1, at: 1_000)], upTo: 1, hasMore: false)
        history.take(found, upTo: 1)
        #expect(newest(in: history) == 4)
        deliver(publication(5...5, at: 121_000), to: &history)
        #expect(newest(in: history) == 5)
        deliver(publication(6...6, at: 121_001), to: &history)
        #expect(newest(in: history) == 2)
        #expect(history.older(.init(before: 6, limit: 10))?.texts.count == 1)
    }

    @Test func `of a page of the log is taken what is not too old, and no further page is read`() {
        var history = room(at: 5)
        deliver(publication(6...6, at: 500_000), to: &history)
        let found = page(
            [publication(2...3, at: 379_999), publication(4...5, at: 380_000)],
            upTo: 5,
            hasMore: true
        )
        history.keepPages()
        history.take(found, upTo: 5)
        #expect(newest(in: history) == 3)
        // A page on which every message is too old leaves the backlog as it is.
        var other = room(at: 5)
        deliver(publication(6...6, at: 500_000), to: &other)
        other.take(page([publication(2...5, at: 1)], upTo: 5, hasMore: true), upTo: 5)
        #expect(newest(in: other) == 1)
        // A client that stood before it is told what is lost to it.
        let stood = Position(epoch: 3, seq: 2, mid: Self.mid(2))
        let start = Session.Start(since: .position(stood), last: 0)
        #expect(other.beginning(at: start)?.lost == 3...5)
        #expect(other.beginning(at: start)?.isRecovered == false)
    }

    @Test func `the rest of a batch of which a message was taken back is as old as before`() {
        var history = room(at: 0)
        deliver(publication(1...3, at: 1_000_000), to: &history)
        let target = MessagePlace(seq: 2, mid: Self.mid(2))
        let notice = RemovedBody.notice(of: target, by: "A", reason: nil, in: .lobby)
        let removal = Publication(
            room: .lobby,
            epoch: 3,
            firstSeq: 4,
            prev: Self.mid(3),
            ms: 1_120_000,
            items: [.init(mid: Self.mid(4), body: notice)]
        )
        deliver(removal, to: &history)
        #expect(history.backlog.start == 0)
        deliver(publication(5...5, at: 1_120_001), to: &history)
        #expect(history.backlog.start == 3)
    }
}
