import ChatCore
import NIOCore

/// What one node is that has nobody else: names and rooms in its own memory, on one loop.
///
/// It has the shape of Redis: every loop asks through a port of its own, once per turn, and hears
/// the answers and everybody's messages in one order.
final class MemoryBroker {
    private var store: Store
    private let standing: Standing
    /// Where the lobby begins.
    private let start: Position
    /// The loops to deliver to. Set once, before anything is asked.
    private var receivers: [NIOLoopBound<Shard>] = []

    /// Made on its own loop. There is nobody to wait for, and nobody to prove anything to.
    init(retention: Store.Retention) {
        var random = SystemRandomNumberGenerator()
        let incarnation = Incarnation(using: &random)
        let dataSet = Incarnation(using: &random).description
        let unixSecond = UInt64(clamping: Clock.unixMilliseconds / 1000)
        store = Store(dataSet: dataSet, unixSecond: unixSecond, retention: retention)
        let fence = FenceCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
        guard case .reign(let reign, _) = store.fence(fence) else {
            preconditionFailure("an empty store is nobody else's")
        }
        _ = store.register(RegisterCall(reign: reign, incarnation: incarnation, label: ""))
        standing = Standing(reign: reign, incarnation: incarnation, isGrace: false)
        let question = CatchUpCall(reign: reign, room: .lobby, position: nil, marks: [], limit: 0)
        guard case .page(let page) = store.catchUp(question, birth: Lineage(using: &random)),
            let top = page.top
        else { preconditionFailure("a room of an empty store begins") }
        start = top
    }

    /// Begins to deliver to the loops.
    func start(for receivers: [NIOLoopBound<Shard>]) {
        self.receivers = receivers
        for receiver in receivers {
            receiver.eventLoop.execute { [standing, start] in
                let shard = receiver.value
                shard.sure(until: .distantFuture)
                shard.stands(standing, seen: [:])
                shard.opened(.lobby, at: start)
                shard.linkUp()
            }
        }
    }

    /// Answers what one loop asked in one turn, then delivers what came of it to all loops: at once to
    /// the one that this is called on.
    func handle(_ calls: [BrokerCall], from origin: any EventLoop) {
        let ms = Clock.unixMilliseconds
        var answers: [BrokerAnswer] = []
        var runs: [(RoomName, Run)] = []
        answers.reserveCapacity(calls.count)
        for call in calls {
            switch call {
            case .claim(let claim):
                answers.append(.claim(store.claim(claim)))
            case .release(let release):
                _ = store.release(release)
                answers.append(.released)
            case .publish(let call):
                let (answer, publication) = store.publish(call, ms: ms)
                answers.append(.publish(answer))
                if let publication { runs.append((call.room, Run(framing: publication))) }
            }
        }
        let now = Clock.now
        for receiver in receivers {
            let isOrigin = receiver.eventLoop === origin
            guard isOrigin || !runs.isEmpty else { continue }
            let own = isOrigin ? answers : []
            if receiver.eventLoop.inEventLoop {
                Self.tell(receiver.value, own, runs, arrivedAt: now)
            } else {
                receiver.eventLoop.execute { [runs] in
                    Self.tell(receiver.value, own, runs, arrivedAt: now)
                }
            }
        }
    }

    private static func tell(
        _ shard: Shard,
        _ answers: [BrokerAnswer],
        _ runs: [(RoomName, Run)],
        arrivedAt now: Instant
    ) {
        for answer in answers { shard.answered(answer) }
        for (room, run) in runs { shard.deliver(run, to: room, arrivedAt: now) }
    }
}

/// The memory of this process as a node's backend.
struct MemoryBackend: Backend {
    private let broker: NIOLoopBound<MemoryBroker>
    private let state: NodeState

    /// A backend that lives on a loop.
    static func make(
        on home: any EventLoop,
        retention: Store.Retention,
        state: NodeState
    ) async throws -> Self {
        let broker = try await home.submit {
            NIOLoopBound(MemoryBroker(retention: retention), eventLoop: home)
        }.get()
        return MemoryBackend(broker: broker, state: state)
    }

    func makeBroker(on loop: any EventLoop, index: Int) -> any Broker {
        MemoryPort(loop: loop, broker: broker)
    }

    func start(for hub: Hub) async throws {
        try await broker.eventLoop.submit { broker.value.start(for: hub.shards) }.get()
        _ = state.becomeReady()
    }

    func readAgain() -> [String] { [] }

    func stop() async {}
}

/// One loop's way to the memory broker: collects a turn's calls and sends them together.
private final class MemoryPort: Broker {
    private let loop: any EventLoop
    private let broker: NIOLoopBound<MemoryBroker>
    private var calls: [BrokerCall] = []
    /// Nearly always it is one a turn.
    private static let keptCalls = 16

    init(loop: any EventLoop, broker: NIOLoopBound<MemoryBroker>) {
        self.loop = loop
        self.broker = broker
    }

    func send(_ call: BrokerCall) {
        calls.append(call)
    }

    func endTurn() {
        guard !calls.isEmpty else { return }
        // What is asked for in answer to this belongs to the next turn.
        var asked: [BrokerCall] = []
        swap(&asked, &calls)
        guard broker.eventLoop.inEventLoop else {
            broker.eventLoop.execute { [broker, loop, asked] in
                broker.value.handle(asked, from: loop)
            }
            return
        }
        broker.value.handle(asked, from: loop)
        guard calls.isEmpty else { return }
        // The memory serves the next turn.
        asked.removeAll(keepingCapacity: asked.count <= Self.keptCalls)
        swap(&asked, &calls)
    }

    func doubtStanding() {
        preconditionFailure("nothing but this process changes its memory")
    }

    func doubt(_ room: RoomName) {
        preconditionFailure("nothing but this process changes its memory")
    }
}
