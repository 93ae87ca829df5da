import ChatCore
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// A node that consists of a backend and two checked loops.
final class TestedNode: Sendable {
    static let loopCount = 2

    let events = NodeRecord()
    let backend: any Backend
    let records: [LoopRecord]
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBoundBox<CheckedLoop?>]

    /// Makes a node; `start` starts its backend.
    init(_ subject: any BackendUnderTest, number: Int) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: Self.loopCount)
        let eventLoops = Array(group.makeIterator()) as [any EventLoop]
        let backend: any Backend
        do {
            backend = try await subject.makeBackend(loops: eventLoops, node: events)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        self.backend = backend
        let records = eventLoops.map { _ in LoopRecord() }
        self.records = records
        var loops: [NIOLoopBoundBox<CheckedLoop?>] = []
        for (index, loop) in eventLoops.enumerated() {
            let made = try await loop.submit {
                let checked = CheckedLoop(
                    loop: loop,
                    broker: backend.makeBroker(ofLoop: index),
                    record: records[index],
                    number: UInt64(number * Self.loopCount + index)
                )
                checked.start()
                return NIOLoopBoundBox<CheckedLoop?>(checked, eventLoop: loop)
            }.get()
            loops.append(made)
        }
        self.loops = loops
    }

    /// Starts the backend; the loops may not be connected yet when this returns.
    func start() async throws {
        try await backend.start()
    }

    /// Runs something on a loop, which ends its turn after that.
    func on(_ index: Int, _ body: @escaping @Sendable (CheckedLoop) -> Void) async throws {
        _ = try await ask(index) { body($0) }
    }

    /// Runs something on a loop, and returns what comes of it; nil: the loop is closed.
    private func ask<Answer: Sendable>(
        _ index: Int,
        _ body: @escaping @Sendable (CheckedLoop) -> Answer
    ) async throws -> Answer? {
        let loop = loops[index]
        return try await loop.eventLoop.submit { loop.value.map(body) }.get()
    }

    func areConnected() async throws {
        // A node that is ready grants what is free: one whose first handshake was late waits for a grace before.
        try await eventually("all loops are connected, with a lease and an open room") {
            [records, events] in
            events.now.readied > 0
                && records.map(\.now).allSatisfy {
                    $0.isConnected && $0.opened > 0 && $0.leaseExpiry > CheckedLoop.now
                }
        }
    }

    /// Stops the backend; from then on each event is a violation.
    func stop() async throws {
        await backend.stop()
        for index in loops.indices { try await on(index) { $0.stop() } }
        // What was on its way to a loop has arrived before this.
        for index in loops.indices { try await on(index) { _ in } }
    }

    func close() async throws {
        for loop in loops { try await loop.eventLoop.submit { loop.value = nil }.get() }
        try await group.shutdownGracefully()
    }

    // MARK: What tests ask

    /// Claims a name for a socket until it is granted or taken: a cut may make it unavailable.
    func claim(
        _ name: String,
        by slot: Int32,
        on index: Int,
        proof: LoginSecret?? = nil
    ) async throws -> ClaimOutcome {
        let username = try Username(name)
        let socket = SocketID(slot: slot, generation: 0)
        var outcome: ClaimOutcome?
        try await eventually("the claim of \(name) is decided") { [records] in
            records[index].note { $0.claims[socket] = nil }
            try await on(index) { $0.claim(username, by: socket, proof: proof) }
            try await eventually("the claim of \(name) has an outcome") {
                outcome = records[index].now.claims[socket]
                return outcome != nil
            }
            if case .unavailable = outcome { return false }
            return true
        }
        return try #require(outcome)
    }

    /// Lets a socket say something, and waits until that is accepted.
    func sayAccepted(_ text: String, by slot: Int32, on index: Int) async throws {
        try await on(index) { $0.say(text, by: SocketID(slot: slot, generation: 0)) }
        try await eventually("the message is accepted") { [records] in
            guard case .accepted = records[index].now.settled["\"\(text)\""] else { return false }
            return true
        }
    }

    /// Sends a call without a client until it is answered: a cut may lose it.
    func answer(
        on index: Int,
        _ make: @escaping @Sendable (Registration, inout SplitMix) -> BrokerCall
    ) async throws -> BrokerAnswer {
        var answer: BrokerAnswer?
        try await eventually("a call is answered") { [records] in
            records[index].note { $0.answers = [] }
            let before = records[index].now.disconnects
            guard try await ask(index, { $0.send(make) }) == true else { return false }
            try await eventually("the call is answered or lost") {
                let now = records[index].now
                answer = now.answers.first
                return answer != nil || now.disconnects != before || !now.isConnected
            }
            return answer != nil
        }
        return try #require(answer)
    }
}

/// What a backend has told the node as a whole. On: any thread.
final class NodeRecord: NodeEvents {
    struct State {
        var readied = 0
        /// What was missing since when, as it was told; false: nothing.
        var missing: [Bool] = []
        var failures: [String] = []
    }

    private let state = Mutex(State())
    var now: State { state.withLock { $0 } }

    var isStarting: Bool { now.readied == 0 }
    func backendIsReady(_ description: String) { state.withLock { $0.readied += 1 } }
    func backendIsMissing(since instant: Instant?) {
        state.withLock { $0.missing.append(instant != nil) }
    }
    func leaseExpires(at instant: Instant) {}
    func backendHasFailed(_ description: String, exitCode: Int32) {
        state.withLock { $0.failures.append(description) }
    }
}

/// Runs a test with nodes that share one backend's names and logs, and checks the order of all
/// events, of which no test may have broken one. With `isCrossing`, rooms are forgotten sooner than events arrive:
/// a loop that has entered one may be told that it is open and closed again, both from before.
func withNodes(
    _ subject: any BackendUnderTest,
    count: Int = 2,
    isCrossing: Bool = false,
    _ body: ([TestedNode]) async throws -> Void
) async throws {
    var nodes: [TestedNode] = []
    var failure: (any Error)?
    do {
        for number in 0..<min(count, subject.maxNodes) {
            let node = try await TestedNode(subject, number: number)
            nodes.append(node)
            try await node.start()
        }
        for node in nodes { try await node.areConnected() }
        try await body(nodes)
    } catch {
        failure = error
    }
    for node in nodes { try await node.stop() }
    for node in nodes { try await node.close() }
    try await subject.close()
    for node in nodes {
        #expect(node.events.now.failures == [])
        for record in node.records {
            let violations = record.now.violations.filter {
                !isCrossing || $0 != "a room was closed that this loop has entered"
            }
            #expect(violations == [], "\(Seed.command("BackendContractTests"))")
        }
    }
    if let failure { throw failure }
}
