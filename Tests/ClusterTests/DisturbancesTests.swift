import TestSupport
import Testing

/// Which tries of a test are made again.
@Suite struct DisturbancesTests {
    @Test func `a try that fails while a watched process stands still is made again twice`()
        async throws
    {
        var tries = 0
        let clock = ContinuousClock()
        await #expect(throws: Unexpected.self) {
            try await inOneOfThreeTries { disturbances in
                tries += 1
                let redis = try await TestRedis.start()
                disturbances.watch(redis)
                redis.pause()
                let stopped = clock.now
                try await eventually("it stands still for longer than is bearable") {
                    clock.now - stopped > .seconds(1)
                }
                throw Unexpected("Redis does not answer")
            }
        }
        #expect(tries == 3)
    }

    @Test func `a try that fails without a disturbance is not made again`() async throws {
        var tries = 0
        await #expect(throws: Unexpected.self) {
            try await inOneOfThreeTries { _ in
                tries += 1
                throw Unexpected("a fault of the product")
            }
        }
        #expect(tries == 1)
    }

    @Test func `what no disturbance excuses is not tried again`() async throws {
        var tries = 0
        await #expect(throws: Violation.self) {
            try await inOneOfThreeTries { disturbances in
                tries += 1
                disturbances.note("a disturbance")
                try requireAlways(false, "a message came twice")
            }
        }
        #expect(tries == 1)
    }

    @Test func `the first try that passes ends the test, whatever disturbed it`() async throws {
        var tries = 0
        let found = try await inOneOfThreeTries { disturbances in
            tries += 1
            disturbances.note("a disturbance")
            try require(tries == 2, "try \(tries) fails")
            return tries
        }
        #expect(found == 2)
        #expect(tries == 2)
    }
}
