import Testing

@testable import ChatNode

@Suite struct SystemRandomPoolTests {
    @Test func `no number comes twice, and no two pools give the same`() {
        var pools = [SystemRandomPool(), SystemRandomPool()]
        // Many times what a pool holds. Two of this many numbers are equal once in 10^13 runs.
        let count = 1000
        var seen: Set<UInt64> = []
        for _ in 0..<count {
            for index in pools.indices { seen.insert(pools[index].next()) }
        }
        #expect(seen.count == 2 * count)
    }
}
