import Foundation
import Testing

@testable import ChatNode

@Suite struct WallTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `times are those of the calendar`(milliseconds: Int, text: String) {
        #expect(WallTime(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test func `a local time goes past midnight both ways`() {
        #expect(WallTime(milliseconds: 0).clock(utcOffset: -1) == "23:59:59.000")
        #expect(WallTime(milliseconds: 86_399_999).clock(utcOffset: 1) == "00:00:00.999")
    }

    @Test func `the clock agrees with Foundation's`() {
        let before = Date().timeIntervalSince1970 * 1000
        let now = Double(WallTime.now().milliseconds)
        let after = Date().timeIntervalSince1970 * 1000
        #expect(before - 1 <= now && now <= after)
        #expect(WallTime.utcOffset() == TimeZone.current.secondsFromGMT())
    }
}
