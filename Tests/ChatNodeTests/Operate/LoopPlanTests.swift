import Testing

@testable import ChatNode
@testable import ChatSupport

/// How many loops there is room for, and what is reported if there are too few.
@Suite struct LoopPlanTests {
    /// Three descriptors for each loop and 20 besides; a thread for each and 8 besides
    /// (`Limits.spareThreads`).
    private static let need = LoopPlan.Need(descriptorsEach: 3, descriptorsBesides: 20)

    private func plan(
        _ asked: Int?,
        cores: Int = 4,
        descriptors: Int = 1000,
        threads: Int = 1000
    ) throws(TooFew) -> LoopPlan {
        try LoopPlan(
            asked: asked,
            cores: cores,
            Self.need,
            descriptors: { min($0, descriptors) },
            threads: { min($0, threads) }
        )
    }

    @Test func `with room enough there are as many loops as asked for, or as there are cores`()
        throws
    {
        #expect(try plan(nil).loops == 4)
        #expect(try plan(7).loops == 7)
        #expect(try !plan(7).isLowered)
    }

    @Test(arguments: [(32, 1000, 4), (31, 1000, 3), (23, 1000, 1), (1000, 11, 3), (26, 9, 1)])
    func `if no number is asked for, there are as many loops as there is room for`(
        descriptors: Int,
        threads: Int,
        loops: Int
    ) throws {
        let plan = try plan(nil, descriptors: descriptors, threads: threads)
        #expect(plan.loops == loops)
        #expect(plan.isLowered == (loops < 4))
    }

    @Test func `a number of loops without room is refused with the number that has`() throws {
        let error = #expect(throws: TooFew.self) { try plan(512, descriptors: 990) }
        #expect(
            error?.description == """
                error: 512 loops need 1556 more descriptors, and the system has 990 for this process
                  fix: --loops 323      or ulimit -n 4096      or LimitNOFILE= of its service
                """
        )
        #expect(error?.exitCode == 78)
        let threads = #expect(throws: TooFew.self) {
            try plan(512, descriptors: 9999, threads: 100)
        }
        #expect(threads?.description.contains("512 loops need 520 more threads") == true)
        #expect(threads?.description.contains("fix: --loops 92      or more threads") == true)
        #expect(threads?.exitCode == 78)
    }

    @Test(arguments: [nil, 1, 3])
    func `if not even one loop has room, the system is to blame`(asked: Int?) throws {
        let error = #expect(throws: TooFew.self) { try plan(asked, descriptors: 22) }
        #expect(error?.exitCode == 71)
        #expect(error?.description.contains("fix: ulimit -n") == true)
    }

    @Test func `the system's room is found out by trying`() {
        #expect(Capacity.descriptors(upTo: 5) == 5)
        #expect(Capacity.threads(upTo: 5) == 5)
    }
}
