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
    private let codec: StampCodec
    private let groups: [NIOLoopBound<ClientGroup>]
    private let clients: [BenchClient]

    /// Makes two groups with a number of recipients together.
    private init(recipients: Int, senders: Int = 1, codec: StampCodec = codec) throws {
        self.codec = codec
        let loop = EmbeddedEventLoop()
        let plan = BenchPlan(
            codec: codec,
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
                senders: senders,
                groups: 2,
                window: Traffic.Window(start: start, measuredFrom: start, end: start + .seconds(1)),
                load: .closed(inFlight: 1),
                report: { groups[$0 % 2].value.traffic?.complete($0, $1, $2, at: $3) },
                leave: { for group in groups { group.value.traffic?.groupLeft($0, reported: $1) } }
            )
        }
        for group in groups { group.value.traffic?.start() }
    }

    init() throws { try self.init(recipients: 0) }

    private func hear(_ number: UInt32, of sender: Int = 0, _ client: Int) {
        var text = codec.message(from: sender)
        let stamp = Stamp(sender: UInt32(sender), number: number, intended: Clock.now)
        codec.stamp(&text, stamp)
        groups[client % 2].value.heard(text.span.bytes, by: clients[client])
    }

    private func leave(_ client: Int) {
        groups[client % 2].value.lost(clients[client], .lost)
    }

    private var complete: Int? { groups[0].value.traffic?.counts.complete }

    @Test func `a message is complete when its room has it, and who has left is not waited for`()
        throws
    {
        let codec = StampCodec(
            run: "k3f9x0",
            valueBytes: 34,
            dialect: .v1,
            rooms: BenchRooms(3)
        )
        // Clients 0 and 3 are in room 0, clients 1 and 4 in room 1, clients 2 and 5 in room 2: each room
        // has one client in each group.
        let traffic = try TrafficTests(recipients: 6, senders: 3, codec: codec)
        traffic.hear(0, of: 0, 0)
        #expect(traffic.complete == 0)
        traffic.hear(0, of: 0, 3)
        #expect(traffic.complete == 1)
        traffic.hear(0, of: 2, 2)
        traffic.leave(5)
        #expect(traffic.complete == 2)
        // Those of another room are waited for as before.
        traffic.hear(1, of: 0, 0)
        #expect(traffic.complete == 2)
    }

    @Test func `acks that were not due are counted`() throws {
        let codec = StampCodec(run: "k3f9x0", valueBytes: 34, dialect: .v1)
        let traffic = try TrafficTests(recipients: 2, codec: codec)
        for n in [1, 2] {
            let ack = #"{"type":"ack","id":"0fedcba987654321","n":\#(n),"mid":"k3v9x0qa.4"}"#
            traffic.groups[0].value.heard(Array(ack.utf8).span.bytes, by: traffic.clients[0])
        }
        // Nothing was sent, so neither is due.
        #expect(traffic.groups[0].value.traffic?.counts.undueAcks == 2)
        #expect(traffic.groups[0].value.traffic?.counts.acked == 0)
    }

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
