import Foundation
import TestSupport
import Testing

@testable import ChatClient

/// Random runs of a client against a model of the server: whatever is lost, cut, refused or forgotten,
/// nothing is lost in silence and nothing is said twice.
@Suite struct ClientSimulationTests {
    private static let runs =
        ProcessInfo.processInfo.environment["CHATNODE_SIMULATIONS"].flatMap { Int($0) }.map {
            $0 * 100
        } ?? 400

    @Test func `nothing is lost in silence, nothing is doubled, and no number is used twice`() {
        var seeds = Seed.generator
        for run in 0..<Self.runs {
            let seed = run == 0 ? Seed.value : seeds.next()
            let faults = Self.run(seed)
            guard faults.isEmpty else {
                let command = Seed.command("ClientSimulationTests", seed: seed)
                Issue.record("\(faults.prefix(5).joined(separator: "\n"))\n\(command)")
                return
            }
        }
    }

    private static func run(_ seed: UInt64) -> [String] {
        var simulation = ClientSimulation(seed: seed)
        for _ in 0..<600 { simulation.step(withFaults: true) }
        guard simulation.rest() else { return ["it does not come to rest: \(simulation.machine)"] }
        return simulation.server.faults + faults(of: simulation)
    }

    private static func faults(of simulation: ClientSimulation) -> [String] {
        var faults: [String] = []
        if simulation.isOver { faults.append("the client has ended") }
        if simulation.doubleAnswers > 0 { faults.append("a call was answered twice") }
        for (name, view) in simulation.views {
            faults += view.faults.map { "\(name): \($0)" }
            let log = simulation.server.rooms[name]?.log ?? []
            let due = log.filter { entry in
                entry.seq >= view.from && !view.gaps.contains { $0.contains(UInt64(entry.seq)) }
            }
            let heard = view.messages.map(\.mid)
            if heard != due.map(\.mid) {
                faults.append(
                    "\(name) has \(due.map(\.mid)), heard was \(heard), gaps \(view.gaps), \(view.from)"
                )
            }
        }
        let kept = simulation.server.rooms.values.flatMap(\.log)
        let counts = Dictionary(kept.map { ($0.value, 1) }, uniquingKeysWith: +)
        for (value, count) in counts where count > 1 { faults.append("\(value) was said twice") }
        for (call, value) in simulation.said {
            switch simulation.answers[call] {
            case .success(.receipt(let receipt))?:
                if value.hasPrefix("bad") { faults.append("\(value) was accepted") }
                // Accepted, and kept unless Redis has lost it.
                if let mid = receipt.mid, let entry = kept.first(where: { $0.value == value }),
                    entry.mid != mid
                {
                    faults.append("\(value) is \(entry.mid), the receipt says \(mid)")
                }
            case .failure(.refused)?:
                if counts[value] != nil { faults.append("\(value) was refused and is there") }
            case .failure(.unknownOutcome)?: break
            case let other: faults.append("\(value) was answered \(String(describing: other))")
            }
        }
        return faults
    }
}
