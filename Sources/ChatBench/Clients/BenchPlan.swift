import ChatClient
import NIOCore

/// The servers that a run's clients connect to, the addresses they connect from, and the form of the
/// run's messages.
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

    let codec: StampCodec
    /// The number of client groups, one for each loop.
    let groupCount: Int
    /// The addresses to connect to, at least one.
    let targets: [Target]
    /// The addresses to connect from; empty if the system chooses.
    let sources: [SocketAddress]

    /// Returns the route of a client: clients take all targets in turn, and for each target all
    /// sources. If the numbers of groups and targets have a common divisor, whole rounds are
    /// shifted, so that each group connects to all targets.
    func route(_ number: Int) -> Route { route(number, to: target(of: number)) }

    /// Returns the route of a client to one of the targets.
    func route(_ number: Int, to index: Int) -> Route {
        let turn = number / targets.count
        return Route(
            url: targets[index].url,
            address: targets[index].address,
            source: sources.isEmpty ? nil : sources[turn % sources.count]
        )
    }

    /// Returns the index of a client's target.
    func target(of number: Int) -> Int {
        var round = targets.count
        while !round.isMultiple(of: groupCount) { round += targets.count }
        return (number + number / round) % targets.count
    }
}
