import Testing

@testable import ChatCore

/// The simulation itself: it meets what it is there for, and notices what it looks for.
@Suite struct HazardTests {
    /// The number of runs at most: each hazard is met in one of ten, each mistake is noticed in one of five.
    ///
    /// The seeds are fixed: a series of six runs meets all hazards then, and one of two notices each mistake. After
    /// a change of what happens in a run the series may be longer.
    private static let runs = 200

    /// The hazards that a series of runs has met, of two kinds that have all hazards between them.
    private static let met: Set<Hazard> = {
        var met: Set<Hazard> = []
        for run in 0..<runs where met.count < Hazard.allCases.count {
            let kind: Simulation.Kind = run.isMultiple(of: 2) ? .keepsData : .changesRooms
            let simulation = Simulation(seed: UInt64(run), kind: kind)
            simulation.play()
            met.formUnion(simulation.world.hazards.keys)
        }
        return met
    }()

    @Test(arguments: Hazard.allCases)
    func `a simulation meets what earlier designs did not survive`(hazard: Hazard) {
        #expect(Self.met.contains(hazard))
    }

    @Test(arguments: Mutant.allCases)
    func `a simulation notices what breaks the protocol`(mutant: Mutant) {
        let isNoticed = (0..<Self.runs).contains { run in
            let simulation = Simulation(seed: UInt64(run), kind: mutant.kind)
            simulation.world.mutant = mutant
            withKnownIssue(isIntermittent: true) { simulation.play() }
            return simulation.world.complaints.contains { $0.contains(mutant.complaint) }
        }
        #expect(isNoticed)
    }
}
