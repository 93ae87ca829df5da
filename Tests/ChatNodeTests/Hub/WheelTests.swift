import ChatCore
import Testing

@testable import ChatNode

@Suite struct WheelTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func id(_ slot: Int32) -> SocketID { SocketID(slot: slot, generation: 0) }

    @Test func `no socket is reminded early, or more than a tick late`() {
        let tick = Duration.milliseconds(250)
        for milliseconds in [1, 249, 250, 251, 1000, 10_000, 25_000, 60_000] {
            var wheel = Wheel(tick: tick, now: start)
            let wanted = start + .milliseconds(milliseconds)
            wheel.schedule(id(1), at: wanted)
            var now = start
            while wheel.advance(to: now).isEmpty, now < wanted + .seconds(10) {
                now = now + .milliseconds(10)
            }
            #expect(now >= wanted)
            #expect(now <= wanted + tick + .milliseconds(10))
        }
    }

    @Test func `a socket whose time is further off than the wheel reaches is also reminded before`()
    {
        var wheel = Wheel(tick: .milliseconds(250), now: start)
        wheel.schedule(id(1), at: start + .seconds(3600))
        #expect(wheel.advance(to: start + .seconds(50)) == [])
        #expect(wheel.advance(to: start + .seconds(70)) == [id(1)])
    }

    @Test func `after a long stop every socket is reminded once`() {
        var wheel = Wheel(tick: .milliseconds(250), now: start)
        for slot in 0..<100 as Range<Int32> {
            wheel.schedule(id(slot), at: start + .milliseconds(500 * Int(slot)))
        }
        let due = wheel.advance(to: start + .seconds(86_400))
        #expect(due.map(\.slot).sorted() == Array(0..<100))
        #expect(wheel.advance(to: start + .seconds(90_000)) == [])
    }

    @Test func `a reminder that is due already comes with the next tick`() {
        var wheel = Wheel(tick: .milliseconds(250), now: start)
        wheel.schedule(id(1), at: start + .seconds(-5))
        #expect(wheel.advance(to: start + .milliseconds(250)) == [id(1)])
    }
}
