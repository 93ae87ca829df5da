import TestSupport
import Testing

@testable import ChatCore

/// The simulation itself: it meets what it is there for, and notices what it looks for.
@Suite struct HazardTests {
    /// The number of runs at most. Each hazard is met in most of them.
    private let runs = 40

    @Test(arguments: Hazard.allCases)
    func `what earlier designs did not survive is met`(hazard: Hazard) {
        let isMet = (0..<runs).contains { run in
            let simulation = Simulation(seed: Seed.value &+ UInt64(run), kind: .keepsData)
            simulation.play()
            return simulation.world.hazards[hazard] != nil
        }
        #expect(isMet, "\(hazard): \(Seed.command("HazardTests"))")
    }

    @Test(arguments: Mutant.allCases)
    func `what breaks the protocol is noticed`(mutant: Mutant) {
        let isNoticed = (0..<runs).contains { run in
            let simulation = Simulation(seed: Seed.value &+ UInt64(run), kind: .keepsData)
            simulation.world.mutant = mutant
            withKnownIssue(isIntermittent: true) { simulation.play() }
            return !simulation.world.complaints.isEmpty
        }
        #expect(isNoticed, "\(mutant): \(Seed.command("HazardTests"))")
    }
}
