import ChatClient
import ChatCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ChatNode

/// When a message is complete, with two crews on one loop that a test turns by hand.
@Suite struct TrafficTests {
    private static let envelope = Envelope(run: "k3f9x0", valueBytes: 34)
    private let crews: [NIOLoopBound<Crew>]
    private let clients: [BenchClient]

    /// Two crews with so many recipients together.
    private init(recipients: Int) throws {
        let loop = EmbeddedEventLoop()
        let plan = BenchPlan(
            envelope: Self.envelope,
            crewCount: 2,
            targets: [
                BenchPlan.Target(
                    url: try ChatURL("ws://h"),
                    address: try SocketAddress(ipAddress: "127.0.0.1", port: 1)
                )
            ],
            sources: []
        )
        let crews = (0..<2).map {
            NIOLoopBound(Crew(on: loop, index: $0, plan: plan), eventLoop: loop)
        }
        self.crews = crews
        clients = (0..<recipients).map { number in
            let crew = crews[number % 2].value
            let place = number / 2
            return BenchClient(number: number, place: place, crew: crew, meantToCome: Clock.now)
        }
        for client in clients { crews[client.number % 2].value.cameIn(client) }
        let start = Clock.now + .seconds(3600)
        for crew in crews {
            crew.value.traffic = Traffic(
                crew: crew.value,
                recipients: (recipients + 1 - crew.value.index) / 2,
                senders: 1,
                crews: 2,
                window: Traffic.Window(start: start, measuredFrom: start, end: start + .seconds(1)),
                load: .closed(inFlight: 1),
                report: { crews[$0 % 2].value.traffic?.complete($0, $1, $2, at: $3) },
                leave: { for crew in crews { crew.value.traffic?.crewLeft(reported: $0) } }
            )
        }
        for crew in crews { crew.value.traffic?.start() }
    }

    init() throws { try self.init(recipients: 0) }

    private func hear(_ number: UInt32, _ client: Int) {
        var text = Self.envelope.message(from: Self.envelope.name(0))
        let stamp = Stamp(sender: 0, number: number, intended: Clock.now)
        Self.envelope.stamp(&text, stamp)
        crews[client % 2].value.heard(text.span.bytes, by: clients[client])
    }

    private func leave(_ client: Int) {
        crews[client % 2].value.lost(clients[client], .lost)
    }

    private var complete: Int? { crews[0].value.traffic?.counts.complete }

    @Test func `a crew without recipients is not waited for`() throws {
        let traffic = try TrafficTests(recipients: 1)
        traffic.hear(0, 0)
        #expect(traffic.complete == 1)
    }

    @Test func `a crew whose last recipient is gone is not waited for, before or after`() throws {
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
    func `each crew goes to all targets, and each target gets as many`(crews: Int, targets: Int)
        throws
    {
        let plan = BenchPlan(
            envelope: Self.envelope,
            crewCount: crews,
            targets: try (1...targets).map {
                BenchPlan.Target(
                    url: try ChatURL("ws://h:\($0)"),
                    address: try SocketAddress(ipAddress: "127.0.0.1", port: $0)
                )
            },
            sources: []
        )
        let rounds = crews * targets
        var counts: [[Int]] = Array(repeating: Array(repeating: 0, count: targets), count: crews)
        for number in 0..<rounds * crews * targets {
            counts[number % crews][plan.route(number).url.port - 1] += 1
        }
        #expect(counts.allSatisfy { $0.allSatisfy { $0 > 0 } })
        for target in 0..<targets {
            #expect(counts.reduce(0) { $0 + $1[target] } == rounds * crews)
        }
        // Few go to all targets, too.
        #expect(Set((0..<targets).map { plan.route($0).url.port }).count == targets)
    }
}
