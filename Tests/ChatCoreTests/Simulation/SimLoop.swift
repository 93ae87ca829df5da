import ChatCore

/// One loop of a simulated node: its sessions and their way to the broker.
final class SimLoop {
    unowned let node: SimNode
    let link: SimLink
    let index: Int
    var client = BrokerClient()
    private let effects = EffectQueue<BrokerClient.Effect>()
    private var sessions: [SocketID: SimClient] = [:]
    private var slots: Int32 = 0

    init(node: SimNode, index: Int) {
        self.node = node
        self.index = index
        link = SimLink(node: node)
        link.onUp = { [unowned self] in fence() }
        link.onDown = { [unowned self] in
            ask { $0.linkLost("cut", now: self.node.world.now, into: &$1) }
        }
    }

    func open(_ client: SimClient) -> SocketID {
        slots += 1
        let id = SocketID(slot: slots, generation: 0)
        sessions[id] = client
        return id
    }

    func forget(_ id: SocketID) { sessions[id] = nil }

    private func fence() {
        link.send { [unowned self] redis in
            let answer = redis.store.fence(node.fenceCall())
            return { [unowned self] in
                if case .reign(let reign, _) = answer { node.met(reign) }
                ask { $0.linkUp(now: self.node.world.now, into: &$1) }
            }
        }
    }

    func ask(_ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void) {
        guard effects.run({ event(&client, &$0) }, carryOut) else { return }
        while !client.isTurnEmpty {
            effects.run({ client.endTurn(now: node.world.now, into: &$0) }, carryOut)
        }
    }

    private func carryOut(_ effect: BrokerClient.Effect) {
        node.world.note("n\(node.number)/\(index) \(effect)")
        switch effect {
        case .call(let call): send(call)
        case .claimed(let id, let outcome): sessions[id]?.run { $0.claimed(outcome, into: &$1) }
        case .released(let id): sessions[id]?.run { $0.released(into: &$1) }
        case .settled(let id, let settlement, let count):
            for _ in 0..<count { sessions[id]?.settled(settlement) }
            sessions[id]?.run { $0.settled(settlement, count: count, into: &$1) }
        case .stalled(let id, let isStalled):
            sessions[id]?.run { $0.stalled(isStalled, into: &$1) }
        case .nameLost(let id, let username):
            sessions[id]?.run { $0.nameLost(username, into: &$1) }
        case .doubtStanding: node.doubted(epoch: 0)
        case .doubtRoom: node.doubtedRoom()
        }
    }

    private func send(_ call: BrokerCall) {
        link.send { [unowned self] redis in
            let answer: BrokerAnswer
            switch call {
            case .claim(let claim): answer = .claim(redis.store.claim(claim))
            case .release(let release):
                _ = redis.store.release(release)
                answer = .released
            case .publish(let call): answer = .publish(redis.publish(call))
            }
            return { [unowned self] in
                if case .claim(.granted(let grant)) = answer { node.granted(fence: grant.fence) }
                ask { $0.answered(answer, now: self.node.world.now, into: &$1) }
            }
        }
    }
}
