import ChatCore
import NIOCore

/// What one node is that has nobody else: names and rooms in its own memory, on one loop.
///
/// It has the shape of Redis: every loop asks through a port of its own, once per turn, and hears
/// the answers and everybody's messages in one order.
final class MemoryBroker {
    private var store: Store
    private let loop: any EventLoop
    /// The loops to deliver to. Set once, before anything is asked.
    private var receivers: [NIOLoopBound<Shard>] = []

    /// Made on its own loop.
    init(loop: any EventLoop, incarnation: Incarnation, retention: Store.Retention) {
        loop.preconditionInEventLoop()
        self.loop = loop
        store = Store(
            epoch: UInt64(clamping: Clock.unixMilliseconds / 1000),
            retention: retention
        )
        store.register(incarnation)
    }

    func deliver(to receivers: [NIOLoopBound<Shard>]) {
        self.receivers = receivers
    }

    /// Answers what one loop asked in one turn, then delivers what came of it to all loops.
    func handle(_ requests: [MemoryRequest], from origin: any EventLoop) {
        let ms = Clock.unixMilliseconds
        var answers: [MemoryAnswer] = []
        var runs: [(RoomName, Run)] = []
        answers.reserveCapacity(requests.count)
        for request in requests {
            switch request {
            case .claim(let claim, let socket):
                answers.append(.claimed(socket, store.claim(claim)))
            case .release(let proof, let socket):
                store.release(proof)
                answers.append(.released(socket))
            case .publish(let call):
                let (answer, publication) = store.publish(call, ms: ms)
                answers.append(.published(call.room, answer))
                if let publication { runs.append((call.room, Run(framing: publication))) }
            }
        }
        for receiver in receivers {
            let isOrigin = receiver.eventLoop === origin
            guard isOrigin || !runs.isEmpty else { continue }
            receiver.eventLoop.execute { [answers, runs] in
                let shard = receiver.value
                if isOrigin { shard.hear(answers) }
                for (room, run) in runs { shard.deliver(run, to: room) }
            }
        }
    }
}

/// What a loop asks of the memory broker.
enum MemoryRequest: Sendable {
    case claim(Claim, SocketID)
    case release(Proof, SocketID)
    case publish(PublishCall)
}

/// What it hears back.
enum MemoryAnswer: Sendable {
    case claimed(SocketID, ClaimAnswer)
    case released(SocketID)
    case published(RoomName, PublishAnswer)
}

extension Shard {
    fileprivate func hear(_ answers: [MemoryAnswer]) {
        for answer in answers {
            switch answer {
            case .claimed(let socket, let answer): claimed(socket, answer)
            case .released(let socket): released(socket)
            case .published(let room, let answer): published(room, answer)
            }
        }
    }
}

/// One loop's way to the memory broker: collects a turn's requests and sends them together.
final class MemoryPort: Port {
    private let loop: any EventLoop
    private let broker: NIOLoopBound<MemoryBroker>
    private var requests: [MemoryRequest] = []

    init(loop: any EventLoop, broker: NIOLoopBound<MemoryBroker>) {
        self.loop = loop
        self.broker = broker
    }

    func publish(_ call: PublishCall) {
        requests.append(.publish(call))
    }

    func claim(_ claim: Claim, for socket: SocketID) {
        requests.append(.claim(claim, socket))
    }

    func release(_ proof: Proof, for socket: SocketID) {
        requests.append(.release(proof, socket))
    }

    func endTurn() {
        guard !requests.isEmpty else { return }
        broker.eventLoop.execute { [broker, requests, loop] in
            broker.value.handle(requests, from: loop)
        }
        requests = []
    }
}
