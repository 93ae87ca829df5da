import Foundation
import TestSupport
import Testing

@testable import ChatCore

extension Store {
    func fence(ofName key: String) -> UInt64? { names[key]?.fence }
}

/// A whole cluster in one thread, on simulated time, under faults drawn from a seed: what is promised
/// holds at every step.
@Suite struct ClusterSimulationTests {
    /// How many runs of each kind; a night's worth with `CHATNODE_SIMULATIONS=5000`.
    private static let runs =
        ProcessInfo.processInfo.environment["CHATNODE_SIMULATIONS"].flatMap { Int($0) } ?? 15

    /// Faults that keep every write: all promises hold.
    @Test(arguments: 0..<runs)
    func `nothing is lost, doubled, reordered or stuck through cuts, pauses, crashes and restarts`(
        run: Int
    ) {
        let seed = Seed.value &+ UInt64(run)
        Simulation(seed: seed, kind: .keepsData).play()
    }

    /// Keys that are deleted or put back by hand, one at a time, among faults that keep every write:
    /// nothing is lost in silence.
    @Test(arguments: 0..<runs)
    func `what is accepted is heard or said to be missing, whatever key is gone or older`(
        run: Int
    ) {
        let seed = Seed.value &+ UInt64(run) &* 104_729
        Simulation(seed: seed, kind: .changesKeys).play()
    }

    /// All keys of a room at once, while Redis itself goes on: in a newer epoch that would be the loss
    /// that began it.
    @Test(arguments: 0..<runs)
    func `what is accepted is heard or said to be missing, though a room is gone or older`(
        run: Int
    ) {
        let seed = Seed.value &+ UInt64(run) &* 1_299_709
        Simulation(seed: seed, kind: .changesRooms).play()
    }

    /// Faults after which the data is gone, or is older: names and order still hold.
    @Test(arguments: 0..<runs)
    func `no name is held twice and nothing is heard twice, whatever data is lost`(run: Int) {
        let seed = Seed.value &+ UInt64(run) &* 7919
        Simulation(seed: seed, kind: .losesData).play()
    }
}

/// One run: three nodes, eight people of whom some want the same name, one Redis, a minute of
/// faults, then peace.
final class Simulation {
    enum Kind: CaseIterable {
        /// Every write is kept.
        case keepsData
        /// Single keys disappear, or older values are put back.
        case changesKeys
        /// All keys of a room do, while the epoch stays.
        case changesRooms
        /// All data disappears, or an older copy is put back.
        case losesData
    }

    let world: World
    let redis: SimRedis
    let kind: Kind
    let seed: UInt64
    var nodes: [SimNode] = []
    /// Kept: their clients look at them once more.
    private var crashed: [SimNode] = []
    var people: [SimClient] = []
    /// What a person types to repeat this run alone, for every failure.
    private var again: String {
        "CHATNODE_SIMULATIONS=1 " + Seed.command("ClusterSimulation", seed: seed)
    }
    private(set) var isPeaceful = false

    init(seed: UInt64, kind: Kind) {
        self.seed = seed
        self.kind = kind
        world = World(seed: seed, losesData: kind == .losesData)
        redis = SimRedis(world: world, retention: .init(messages: 2000))
        nodes = (0..<3).map {
            SimNode(world: world, redis: redis, number: $0, isNewCluster: true)
        }
        let names = ["ada", "bea", "cleo", "dora"]
        // Two people want each name; of some both speak chat.v1, of some one, of some none.
        people = (0..<8).map {
            SimClient(
                world: world,
                number: $0,
                name: names[$0 % 4],
                isResumable: [0, 1, 2, 5].contains($0)
            )
        }
    }

    func play() {
        for person in people { live(person) }
        comeAndGo()
        haveTrouble()
        failureDetector()
        world.run(until: world.now + .seconds(60))
        makePeace()
        // The longest that anything takes: a lease and a grace, each with its remainder, and an audit.
        world.run(until: world.now + .seconds(20))
        expectEverybodyCanTalk()
        for person in people { person.close() }
        leaveRooms()
        world.run(until: world.now + .seconds(5))
        for node in nodes where node.isAlive { node.audit() }
        world.run(until: world.now + .seconds(15))
        expectNothingIsLeft()
        expectOrder()
        #expect(world.complaints.isEmpty, "\(again): \(world.complaints.prefix(5))")
    }

    /// Plays, and hands back the digests of what has happened.
    func traced() -> [UInt64] {
        let trace = Trace()
        world.trace = trace
        play()
        trace.end()
        return trace.digests
    }

    func complain(_ text: String) { world.complain(text) }

    // MARK: People

    private var areLeaving = false

    private func live(_ person: SimClient) {
        world.after(world.duration(5...400, unit: 1_000_000)) { [self] in
            if !areLeaving { person.act(on: nodes) }
            live(person)
        }
    }

    // MARK: Faults

    private enum Fault: CaseIterable {
        case cut, cutGrant, cutSubscriptions, pauseNode, crashNode, pauseRedis, crashRedis, promote
        // After these the data is gone, or is older.
        case loseEverything, loseSomething, erase
        // After these one key is.
        case loseTop, putTopBack, loseLog, putLogBack, loseNodes, loseDead, loseEpoch, putEpochBack
        // After these a room is, top and log.
        case loseRoom, putRoomBack

        var isOf: [Kind] {
            switch self {
            case .loseEverything, .loseSomething, .erase: [.losesData]
            case .loseTop, .putTopBack, .loseLog, .putLogBack: [.changesKeys, .changesRooms]
            case .loseNodes, .loseDead, .loseEpoch, .putEpochBack: [.changesKeys]
            case .loseRoom, .putRoomBack: [.changesRooms]
            case .cut, .cutGrant, .cutSubscriptions, .pauseNode, .crashNode, .pauseRedis:
                Kind.allCases
            case .crashRedis, .promote: [.keepsData, .changesKeys, .losesData]
            }
        }
    }

    /// Each run has some kinds of faults, in a pace of its own: where everything breaks all the time,
    /// nothing that takes long ever happens.
    private lazy var faults: [Fault] = {
        let possible = Fault.allCases.filter { $0.isOf.contains(kind) }
        let some = possible.filter { _ in world.chance(0.4) }
        return some.isEmpty ? possible : some
    }()
    private lazy var longestCalm = [500, 2_000, 6_000, 20_000].randomElement(using: &world.random)

    private func haveTrouble() {
        let calm = Int64(longestCalm ?? 1_000)
        world.after(world.duration(100...calm, unit: 1_000_000)) { [self] in
            guard !isPeaceful else { return }
            if let fault = faults.randomElement(using: &world.random) { happen(fault) }
            haveTrouble()
        }
    }

    private func happen(_ fault: Fault) {
        world.note("fault \(fault)")
        switch fault {
        case .cut: redis.cutOne()
        case .cutGrant: redis.granted.cutsNext = true
        case .cutSubscriptions: redis.cutSubscriptions()
        case .pauseNode: pauseNode()
        case .crashNode: crashNode()
        case .pauseRedis: pauseRedis()
        case .crashRedis: crashRedis(losing: .nothing)
        case .promote: if redis.isUp { redis.promote() }
        case .loseEverything: crashRedis(losing: .everything)
        case .loseSomething:
            redis.backUp()
            world.after(world.duration(50...1_500, unit: 1_000_000)) { [self] in
                crashRedis(losing: .something)
            }
        case .erase: if redis.isUp { redis.erase() }
        case .loseTop: changeTop(to: nil)
        case .putTopBack: putBack({ redis.top }, as: { self.changeTop(to: $0) })
        case .loseLog: if mayLoseLog, mayChangeRoom(to: redis.top) { redis.loseLog() }
        case .loseRoom: if mayChangeRoom(to: nil) { redis.store.rooms[.lobby] = nil }
        case .putRoomBack:
            putBack {
                (redis.store.rooms[.lobby], redis.top)
            } as: { (room, top) in
                if self.mayChangeRoom(to: top, room) { self.redis.store.rooms[.lobby] = room }
            }
        case .putLogBack:
            putBack {
                redis.store.rooms[.lobby]
            } as: {
                if self.mayLoseLog, self.mayChangeRoom(to: self.redis.top) {
                    self.redis.putLogBack($0)
                }
            }
        case .loseNodes: redis.store.heartbeats = [:]
        case .loseDead: redis.store.dead = []
        case .loseEpoch: redis.store.epochState = nil
        case .putEpochBack:
            putBack {
                redis.store.epochState
            } as: {
                self.redis.store.epochState = $0
            }
        }
    }

    /// The nodes that are stopped since before the room's last change by hand.
    var changedDuring: Set<Int> = []

    private func pauseNode() {
        guard
            let node = nodes.filter({ $0.isAlive && !$0.isPaused }).randomElement(
                using: &world.random
            )
        else { return }
        node.pause()
        // To the others it may look like one that has died.
        if world.chance(0.5) { redis.cut(node) }
        world.after(world.duration(100...15_000, unit: 1_000_000)) { node.resume() }
    }

    private func crashNode() {
        guard let index = nodes.indices.randomElement(using: &world.random),
            nodes[index].isAlive
        else { return }
        nodes[index].crash()
        crashed.append(nodes[index])
        world.after(world.duration(100...9_000, unit: 1_000_000)) { [self] in
            nodes[index] = SimNode(
                world: world,
                redis: redis,
                number: index,
                isNewCluster: false
            )
        }
    }

    private func pauseRedis() {
        guard redis.isUp, !redis.isPaused else { return }
        redis.pause()
        world.after(world.duration(100...10_000, unit: 1_000_000)) { [self] in redis.resume() }
    }

    private func crashRedis(losing loss: SimRedis.Loss) {
        guard redis.isUp else { return }
        redis.crash()
        world.after(world.duration(50...5_000, unit: 1_000_000)) { [self] in
            redis.restart(losing: loss)
        }
    }

    private func makePeace() {
        isPeaceful = true
        world.run(until: world.now + .seconds(15))  // whatever has begun comes to its end
        for node in nodes where node.isPaused { node.resume() }
        if redis.isPaused { redis.resume() }
    }

    // MARK: What is promised

    private func failureDetector() {
        world.after(.milliseconds(20)) { [self] in
            expectOneHolder()
            expectAnswers()
            failureDetector()
        }
    }
    private func expectEverybodyCanTalk() {
        for node in nodes {
            let isLive = node.member.rooms.isLive
            #expect(isLive, "\(again): node \(node.number) is deaf")
            for loop in node.loops {
                let closed = loop.joined.subtracting(loop.live).map(\.text).sorted()
                #expect(closed.isEmpty, "\(again): node \(node.number) does not hear \(closed)")
                // In peace a message has travelled after a second, whatever takes a turn of its own.
                for name in loop.client.held.values
                where redis.replaced[name.login].map({ $0 + .seconds(1) < world.now }) ?? false {
                    complain("node \(node.number) was never told who has \(name.username.key)")
                }
            }
            #expect(node.member.registration?.isGrace == false, "\(again)")
            #expect(node.leaseExpiry > world.now, "\(again)")
        }
        #expect(people.contains { $0.resumed > 0 }, "\(again): no name was taken over")
        let before = redis.written.count
        world.run(until: world.now + .seconds(3))
        #expect(redis.written.count > before, "\(again): nobody can talk")
        areLeaving = true
        world.settlePresence(redis, nodes, people)
    }

    private func expectNothingIsLeft() {
        for person in people {
            #expect(person.mood == .away, "\(again): \(person.number) is \(person.mood)")
            #expect(person.unsettled == 0, "\(again): \(person.number)")
            if kind == .keepsData { person.expectPlaces(in: redis) }
            guard kind != .losesData else { continue }
            if person.renumbered > 0 { complain("\(person.number) was told of fewer messages") }
            for body in person.acknowledged where redis.written[body] == nil {
                complain("acknowledged and not written: \(body)")
            }
            guard !person.hasLostTrack, person.isPlain else { continue }
            let written = person.bodies.reduce(0) { $0 + (redis.written[$1] ?? 0) }
            #expect(
                written == person.acceptedCount,
                "\(again): \(person.number) was told of \(person.acceptedCount) of \(written)"
            )
        }
        let stuck = redis.store.names.filter { $0.value.holder != nil }.map(\.key)
        #expect(stuck.isEmpty, "\(again): stuck names \(stuck)")
        for node in nodes {
            for loop in node.loops {
                #expect(loop.client.held.isEmpty, "\(again)")
                #expect(loop.client.wanted.isEmpty, "\(again)")
                #expect(loop.client.releasing.isEmpty, "\(again)")
                #expect(loop.client.inDoubt.isEmpty, "\(again)")
                #expect(loop.client.rooms.isIdle, "\(again)")
                #expect(loop.client.rooms.all.count { !$0.isUnused } == 1, "\(again)")
                #expect(loop.open == [.lobby], "\(again)")
            }
            #expect(node.member.roomCount == 1, "\(again): node \(node.number) keeps rooms")
        }
    }

    private func expectOrder() {
        for (body, count) in redis.written.sorted(by: { $0.key < $1.key })
        where count > 1 && kind != .losesData {
            complain("written \(count) times: \(body)")
        }
        var last: [String: UInt64] = [:]
        var sessions: [UInt64: LoginID] = [:]
        // The counter may have been put back with the epoch's other fields.
        for (name, fence, session) in redis.fences where kind != .changesKeys {
            if fence < last[name] ?? 0 { complain("\(name): fence \(fence) after \(last[name]!)") }
            last[name] = fence
            if let other = sessions[fence], other != session { complain("fence \(fence) of two") }
            sessions[fence] = session
        }
        for room in world.rooms { expectOrder(of: room) }
        expectWholeViews()
    }
}
