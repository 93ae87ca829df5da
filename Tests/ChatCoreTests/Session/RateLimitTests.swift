import ChatCore
import Testing

@Suite struct RateLimitTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    @Test func `a burst passes, then one per interval`() {
        var limit = RateLimit()
        let policy = RateLimit.Policy(messageRate: 20, messageBurst: 40)
        for _ in 0..<40 { #expect(limit.admit(policy: policy, now: start) == .admitted) }
        #expect(
            limit.admit(policy: policy, now: start) == .refused(retryAfter: .milliseconds(50))
        )
        let later = start + .milliseconds(50)
        #expect(limit.admit(policy: policy, now: later) == .admitted)
        #expect(limit.admit(policy: policy, now: later) != .admitted)
    }

    @Test func `waiting as long as a refusal says is enough`() {
        var limit = RateLimit()
        let policy = RateLimit.Policy(messageRate: 3, messageBurst: 7)
        var now = start
        var waits = 0
        for _ in 0..<100 {
            if case .refused(let wait) = limit.admit(policy: policy, now: now) {
                waits += 1
                now = now + wait
                #expect(limit.admit(policy: policy, now: now) == .admitted)
            }
        }
        #expect(waits == 93)
    }

    @Test func `a client that goes on after being told that often is flooding`() {
        var limit = RateLimit()
        let policy = RateLimit.Policy(messageRate: 20, messageBurst: 40)
        var refused = 0
        var verdict = RateLimit.Verdict.admitted
        while verdict != .flooding, refused < 10_000 {
            verdict = limit.admit(policy: policy, now: start)
            if case .refused = verdict { refused += 1 }
        }
        #expect(refused == Int(40 * Limits.floodBursts))
    }

    @Test func `a client that is a little too fast is held back and never cut`() {
        var limit = RateLimit()
        let policy = RateLimit.Policy(messageRate: 20, messageBurst: 40)
        var now = start
        var admitted = 0
        for _ in 0..<10_000 {
            let verdict = limit.admit(policy: policy, now: now)
            #expect(verdict != .flooding)
            if verdict == .admitted { admitted += 1 }
            now = now + .milliseconds(26)
        }
        // 260 s at 20 per second, and the burst.
        #expect((5200...5241).contains(admitted))
    }

    @Test func `bytes over the rate hold messages back, and far over it cut`() {
        var limit = RateLimit()
        let policy = RateLimit.Policy(messageRate: 0, byteRate: 1000, byteBurst: 4000)
        #expect(limit.received(4000, policy: policy, now: start) == true)
        #expect(limit.admit(policy: policy, now: start) == .admitted)
        #expect(limit.received(1000, policy: policy, now: start) == true)
        // When the debt is gone and as many bytes may come again: a client that waits so long gets through.
        #expect(limit.admit(policy: policy, now: start) == .refused(retryAfter: .seconds(2)))
        let later = start + .seconds(2)
        #expect(limit.received(1000, policy: policy, now: later) == true)
        #expect(limit.admit(policy: policy, now: later) == .admitted)
        #expect(limit.received(20_000, policy: policy, now: later) == true)
        #expect(limit.received(1, policy: policy, now: later) == false)
    }

    @Test func `a rate of nought means no limit`() {
        var limit = RateLimit()
        let policy = RateLimit.Policy.unlimited
        for _ in 0..<100_000 {
            guard limit.received(1 << 30, policy: policy, now: start),
                limit.admit(policy: policy, now: start) == .admitted
            else {
                Issue.record("limited")
                return
            }
        }
    }

    @Test func `absurd rates overflow nothing`() {
        let policy = RateLimit.Policy(messageRate: 1e-300, messageBurst: 1, byteRate: 1e300)
        var limit = RateLimit()
        var now = Instant(nanoseconds: 0)
        for _ in 0..<10 {
            _ = limit.received(.max, policy: policy, now: now)
            _ = limit.admit(policy: policy, now: now)
            now = now + .seconds(86400)
        }
    }

    @Test func `a flood ends the session with 4008`() {
        let node = TestNode(rates: .init(messageRate: 1, messageBurst: 1))
        let client = node.open()
        for _ in 0..<7 { node.says(client, #"{"type":"dance","username":"Ada"}"#) }
        #expect(node.clients[client].closed == .flooding)
        let heard = node.takeHeard(client)
        #expect(heard.count == 6)
        #expect(heard[1].contains(#""username":"Ada""#))
        #expect(heard[1].contains(#""code":"rate_limited","retry_ms":1000"#))
        #expect(node.clients[client].isFinished)
    }
}
