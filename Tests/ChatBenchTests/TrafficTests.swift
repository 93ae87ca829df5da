import ChatClient
import ChatCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ChatBench
@testable import ChatSupport

/// When a message is complete, with two groups on one loop that the test advances itself.
@Suite struct TrafficTests {
    private static let codec = StampCodec(run: "k3f9x0", valueBytes: 34)
    private let groups: [NIOLoopBound<ClientGroup>]
    private let clients: [BenchClient]

    /// Makes two groups with a number of recipients together.
    private init(recipients: Int) throws {
        let loop = EmbeddedEventLoop()
        let plan = BenchPlan(
            codec: Self.codec,
            groupCount: 2,
            targets: [
                BenchPlan.Target(
                    url: try ChatURL("ws://h"),
                    address: try SocketAddress(ipAddress: "127.0.0.1", port: 1)
                )
            ],
            sources: []
        )
        let groups = (0..<2).map {
            NIOLoopBound(ClientGroup(on: loop, index: $0, plan: plan), eventLoop: loop)
        }
        self.groups = groups
        clients = (0..<recipients).map { number in
            let group = groups[number % 2].value
            let place = number / 2
            return BenchClient(number: number, place: place, group: group, meantToCome: Clock.now)
        }
        for client in clients { groups[client.number % 2].value.cameIn(client) }
        let start = Clock.now + .seconds(3600)
        for group in groups {
            group.value.traffic = Traffic(
                group: group.value,
                recipients: (recipients + 1 - group.value.index) / 2,
                senders: 1,
                groups: 2,
                window: Traffic.Window(start: start, measuredFrom: start, end: start + .seconds(1)),
                load: .closed(inFlight: 1),
                report: { groups[$0 % 2].value.traffic?.complete($0, $1, $2, at: $3) },
                leave: { for group in groups { group.value.traffic?.groupLeft(reported: $0) } }
            )
        }
        for group in groups { group.value.traffic?.start() }
    }

    init() throws { try self.init(recipients: 0) }

    private func hear(_ number: UInt32, _ client: Int) {
        var text = Self.codec.message(from: Self.codec.name(0))
        let stamp = Stamp(sender: 0, number: number, intended: Clock.now)
        Self.codec.stamp(&text, stamp)
        groups[client % 2].value.heard(text.span.bytes, by: clients[client])
    }

    private func leave(_ client: Int) {
        groups[client % 2].value.lost(clients[client], .lost)
    }

    private var complete: Int? { groups[0].value.traffic?.counts.complete }

    @Test func `a group without recipients is not waited for`() throws {
        let traffic = try TrafficTests(recipients: 1)
        traffic.hear(0, 0)
        #expect(traffic.complete == 1)
    }

    @Test func `a group whose last recipient is gone is not waited for, before or after`() throws {
        let traffic = try TrafficTests(recipients: 4)
        for client in [0, 2, 1] { traffic.hear(0, client) }
        for client in [0, 2] { traffic.hear(1, client) }
        #expect(traffic.complete == 0)
        traffic.leave(1)
        #expect(traffic.complete == 0)
        traffic.leave(3)
        #expect(traffic.complete == 2)
        for client in [0, 2] { traffic.hear(2, client) }
        #expect(traffic.complete == 3)
    }

    @Test(arguments: [(1, 1), (2, 2), (4, 2), (2, 4), (2, 3), (4, 6)])
    func `each group goes to all targets, and each target gets as many`(groups: Int, targets: Int)
        throws
    {
        let plan = BenchPlan(
            codec: Self.codec,
            groupCount: groups,
            targets: try (1...targets).map {
                BenchPlan.Target(
                    url: try ChatURL("ws://h:\($0)"),
                    address: try SocketAddress(ipAddress: "127.0.0.1", port: $0)
                )
            },
            sources: []
        )
        let rounds = groups * targets
        var counts: [[Int]] = Array(repeating: Array(repeating: 0, count: targets), count: groups)
        for number in 0..<rounds * groups * targets {
            counts[number % groups][plan.route(number).url.port - 1] += 1
        }
        #expect(counts.allSatisfy { $0.allSatisfy { $0 > 0 } })
        for target in 0..<targets {
            #expect(counts.reduce(0) { $0 + $1[target] } == rounds * groups)
        }
        // A few clients go to all targets, too.
        #expect(Set((0..<targets).map { plan.route($0).url.port }).count == targets)
    }
}
