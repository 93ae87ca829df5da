import ChatCore
import Testing

@Suite struct ServiceStatusTests {
    private var status = ServiceStatus()

    /// Updates the status, and returns for each time whether clients are told.
    private mutating func update(_ times: [Duration]) -> [Bool] {
        times.map { status.update(timeWithoutBroker: $0) }
    }

    @Test mutating func `a loss that is mended at once is not told`() {
        let short = Limits.degradedAfter - .milliseconds(1)
        let told = update([.zero, .milliseconds(1), short, .zero, .zero])
        #expect(told == [false, false, false, false, false])
        #expect(!status.isDegraded)
    }

    @Test mutating func `a loss that lasts is told once, and its end when it was seen twice`() {
        #expect(update([Limits.degradedAfter, .seconds(60)]) == [true, false])
        #expect(status.isDegraded)
        // The broker is there for a moment.
        #expect(update([.zero, .milliseconds(1), .zero]) == [false, false, false])
        #expect(status.isDegraded)
        #expect(update([.zero, .zero]) == [true, false])
        #expect(!status.isDegraded)
    }

    @Test
    mutating func `a client is told a loss at once, and its end when its rooms are caught up with`()
    {
        var told = ToldStatus()
        #expect(told.update(to: status, isCaughtUp: false) == .nothing)
        _ = update([Limits.degradedAfter])
        #expect(told.update(to: status, isCaughtUp: false) == .tell)
        #expect(told.update(to: status, isCaughtUp: true) == .nothing)
        _ = update([.zero, .zero])
        #expect(told.update(to: status, isCaughtUp: false) == .wait)
        #expect(told.update(to: status, isCaughtUp: true) == .tell)
        #expect(told.update(to: status, isCaughtUp: false) == .nothing)
    }

    @Test mutating func `a client that waits for the end of a loss is not told another loss`() {
        var told = ToldStatus()
        _ = update([Limits.degradedAfter])
        _ = told.update(to: status, isCaughtUp: false)
        _ = update([.zero, .zero])
        #expect(told.update(to: status, isCaughtUp: false) == .wait)
        _ = update([Limits.degradedAfter])
        #expect(told.update(to: status, isCaughtUp: true) == .nothing)
        _ = update([.zero, .zero])
        #expect(told.update(to: status, isCaughtUp: true) == .tell)
    }

    @Test
    func `a room that was shut is caught up with once it is open and all of it has been sent`()
        throws
    {
        func place(_ seq: UInt64) throws -> Position {
            Position(epoch: 3, seq: seq, mid: try #require(MessageID("abcdefgh.\(seq)")))
        }
        var history = RoomHistory(of: try RoomName("a"))
        #expect(!history.isCaughtUp(passed: history.backlog.end))
        _ = history.open(at: try place(1))
        #expect(history.isCaughtUp(passed: history.backlog.end))
        history.shut()
        let before = history.backlog.end
        #expect(!history.isCaughtUp(passed: before))
        history.miss(2...3)
        #expect(!history.isCaughtUp(passed: history.backlog.end))
        _ = history.open(at: try place(3))
        #expect(!history.isCaughtUp(passed: before))
        #expect(history.isCaughtUp(passed: history.backlog.end))
    }
}
