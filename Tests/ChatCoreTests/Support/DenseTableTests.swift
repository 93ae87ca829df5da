import TestSupport
import Testing

@testable import ChatCore

@Suite struct DenseTableTests {
    @Test func `a dense table holds what a dictionary would, whatever is done to it`() {
        var random = Seed.generator
        var table = DenseTable<Int, Int>()
        var twin: [Int: Int] = [:]
        // Enough keys to pass the size from which the table grows in small steps, and then few
        // again.
        for step in 0..<40_000 {
            let key = random.below(step < 20_000 ? 3000 : 30)
            switch random.below(4) {
            case 0:
                #expect(table.removeValue(forKey: key) == twin.removeValue(forKey: key))
            case 1:
                if let index = table.index(forKey: key) { table.values[index] += 1 }
                if let value = twin[key] { twin[key] = value + 1 }
            default:
                table[key] = step
                twin[key] = step
            }
            if step.isMultiple(of: 1000) { expect(table, holds: twin) }
        }
        for key in table.keys { table[key] = nil }
        #expect(table.isEmpty && table.count == 0)
    }

    private func expect(_ table: DenseTable<Int, Int>, holds twin: [Int: Int]) {
        #expect(table.count == twin.count, "seed \(Seed.value)")
        #expect(Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.value) }) == twin)
        #expect(twin.keys.allSatisfy { table[$0] == twin[$0] })
        #expect(table[-1] == nil)
    }
}
