import ChatCore
import Testing

/// Whether the check of the order would notice what is wrong about a room's history.
@Suite struct EventOrderHistoryTests {
    private var tests = EventOrderTests()

    private mutating func take(_ events: EventOrder.Event...) -> [String] {
        for event in events { _ = tests.take(event) }
        return tests.order.violations
    }

    @Test mutating func `a reset, and what is repeated after it, are no violation`() {
        tests.connect()
        let violations = take(
            tests.batch(4...7),
            .reset(.lobby, to: tests.position(5, epoch: 2)),
            tests.batch(6...7, isRepeated: true),
            .roomOpened(.lobby, at: tests.position(7, epoch: 2)),
            tests.batch(8...8)
        )
        #expect(violations == [])
    }

    @Test mutating func `a reset to what was not delivered is found`() {
        tests.connect()
        #expect(take(.reset(.lobby, to: tests.position(9))).count == 1)
    }

    @Test mutating func `a reset to an earlier epoch is found`() {
        tests.connect()
        #expect(take(.reset(.lobby, to: tests.position(3, epoch: 0))).count == 1)
    }

    @Test mutating func `a reset of a room that is not open is found`() {
        #expect(take(.reset(.lobby, to: tests.position(3))).count == 1)
    }

    @Test mutating func `a new epoch without a reset is found`() {
        tests.connect()
        #expect(take(.roomOpened(.lobby, at: tests.position(3, epoch: 2))).count == 1)
    }

    @Test mutating func `a message that is repeated without a reset is found`() {
        tests.connect()
        #expect(take(tests.batch(4...4, isRepeated: true)).count == 2)
    }

    @Test mutating func `a page without a read, or for another one, is found`() {
        let call = HistoryCall(room: .lobby, upTo: 3, limit: 1)
        let nothing = HistoryPage(newestFirst: [], upTo: 3, hasMore: false)
        tests.connect()
        #expect(take(.historyRead(nothing, call)).count == 1)
        tests.order.reads(HistoryCall(room: .lobby, upTo: 2, limit: 1))
        #expect(take(.historyRead(nothing, call)).count == 2)
        tests.order.reads(call)
        #expect(take(.historyRead(nothing, call)).count == 2)
        // What is sent while the loop is not connected is not answered.
        tests.order.reads(call)
        #expect(take(.disconnected, .connected, .historyRead(nothing, call)).count == 3)
    }
}
