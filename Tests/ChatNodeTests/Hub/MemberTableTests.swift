import ChatCore
import TestSupport
import Testing

@testable import ChatNode

@Suite struct MemberTableTests {
    /// A table and what its members know, in the order of their places.
    private struct Members {
        let room = Room(RoomHistory(of: .lobby))
        let table: MemberTable
        var places: [Int32: Int] = [:]
        /// The members that the paused broadcast has reached.
        var passed: Set<Int32> = []

        init() { table = room.table(of: .plain) }

        mutating func add(_ slot: Int32) { places[slot] = table.add(slot: slot, at: 0) }

        mutating func remove(_ slot: Int32) {
            guard let place = places.removeValue(forKey: slot) else { return }
            passed.remove(slot)
            var moved: [(Int32, Int)] = []
            table.remove(at: place) { moved.append(($0, $1)) }
            for (slot, place) in moved { places[slot] = place }
        }

        /// Continues the broadcast for a number of members, or to the end.
        mutating func broadcast(_ count: Int) {
            let index = table.broadcastIndex ?? 0
            let next = min(index + count, table.count)
            for place in index..<next { passed.insert(table.slots[place]) }
            table.broadcastIndex = next
        }
    }

    @Test func `each member knows its place and is passed once while others join and leave`() {
        var random = Seed.generator
        var members = Members()
        var next: Int32 = 0
        for step in 0..<5000 {
            switch random.below(8) {
            case 0...2:
                members.add(next)
                next += 1
            case 3...5:
                let slots = members.places.keys.sorted()
                if !slots.isEmpty { members.remove(slots[random.below(slots.count)]) }
            case 6:
                members.broadcast(random.below(6))
            default:
                // At times a broadcast ends.
                members.table.broadcastIndex = nil
                members.passed = []
            }
            let table = members.table
            let areRight = members.places.allSatisfy { table.slots[$0.value] == $0.key }
            let passed = Set(table.slots[..<(table.broadcastIndex ?? 0)])
            #expect(members.places.count == table.count, "step \(step), seed \(Seed.value)")
            #expect(areRight, "step \(step), seed \(Seed.value)")
            #expect(passed == members.passed, "step \(step), seed \(Seed.value)")
        }
    }

    @Test func `a room has a table for each encoding, while it has members`() {
        let room = Room(RoomHistory(of: .lobby))
        let table = room.table(of: .plain)
        #expect(room.table(of: .plain) === table)
        #expect(room.tables.count == 1)
        let other = room.table(of: .v1)
        #expect(other !== table)
        #expect(room.tables.count == 2)
        room.remove(other)
        _ = table.add(slot: 3, at: 0)
        #expect(table.count == 1)
        table.remove(at: 0) { _, _ in Issue.record("nobody is there to move") }
        room.remove(table)
        #expect(room.tables.isEmpty)
    }
}
