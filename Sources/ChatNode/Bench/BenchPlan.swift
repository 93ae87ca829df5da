import ChatClient
import NIOCore

/// Where a run's clients go, where they come from, and how its messages look.
struct BenchPlan: Sendable {
    struct Target: Sendable {
        let url: ChatURL
        let address: SocketAddress
    }

    struct Route {
        let url: ChatURL
        let address: SocketAddress
        let source: SocketAddress?
    }

    let envelope: Envelope
    /// One for each loop.
    let crewCount: Int
    /// At least one.
    let targets: [Target]
    /// Empty: the system chooses.
    let sources: [SocketAddress]

    /// Clients in turn over all targets, and over all sources for each target. Where crews and
    /// targets have a common divisor, whole rounds are shifted, so that each crew goes to all.
    func route(_ number: Int) -> Route {
        let turn = number / targets.count
        var round = targets.count
        while !round.isMultiple(of: crewCount) { round += targets.count }
        let index = (number + number / round) % targets.count
        return Route(
            url: targets[index].url,
            address: targets[index].address,
            source: sources.isEmpty ? nil : sources[turn % sources.count]
        )
    }
}
