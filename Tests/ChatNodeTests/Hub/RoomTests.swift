import ChatCore
import TestSupport
import Testing

@testable import ChatNode

@Suite struct RoomTests {
    /// A room beside what its members believe, in the order of their places.
    private struct Members {
        let room = Room(name: .lobby)
        var places: [Int32: Int] = [:]
        /// Who was passed by the walk that pauses.
        var passed: Set<Int32> = []

        mutating func add(_ slot: Int32) { places[slot] = room.add(slot: slot) }

        mutating func remove(_ slot: Int32) {
            guard let place = places.removeValue(forKey: slot) else { return }
            passed.remove(slot)
            var moved: [(Int32, Int)] = []
            room.remove(at: place) { moved.append(($0, $1)) }
            for (slot, place) in moved { places[slot] = place }
        }

        /// The walk goes on for so many members, or to the end.
        mutating func walk(_ count: Int) {
            let index = room.walkIndex ?? 0
            let next = min(index + count, room.count)
            for place in index..<next { passed.insert(room.slots[place]) }
            room.walkIndex = next
        }
    }

    @Test func `members know their places, and a walk passes each once, whoever comes and goes`() {
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
                members.walk(random.below(6))
            default:
                // Now and then a walk is over.
                members.room.walkIndex = nil
                members.passed = []
            }
            let room = members.room
            let areRight = members.places.allSatisfy { room.slots[$0.value] == $0.key }
            let passed = Set(room.slots[..<(room.walkIndex ?? 0)])
            #expect(members.places.count == room.count, "step \(step), seed \(Seed.value)")
            #expect(areRight, "step \(step), seed \(Seed.value)")
            #expect(passed == members.passed, "step \(step), seed \(Seed.value)")
        }
    }
}
