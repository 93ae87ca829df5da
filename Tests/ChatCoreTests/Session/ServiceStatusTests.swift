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
}
