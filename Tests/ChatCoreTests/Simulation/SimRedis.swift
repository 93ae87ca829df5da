@testable import ChatCore

/// The store on the other side of connections that delay, stall and break.
final class SimRedis {
    /// One connection of one node.
    final class Link {
        var isOpenHere = true
        var isOpenThere = true
        /// Whose own channel is subscribed to; nil: none is.
        var own: Incarnation?
        var isSubscribed: Bool { own != nil }
        var rooms: Set<RoomName> = []
        /// The messages that its node has still to hear.
        var underWay: Set<MessageID> = []
        var toServer = Instant.distantPast
        var toClient = Instant.distantPast
        let node: SimNode
        let onClosed: () -> Void
        var onPush: ((Publication) -> Void)?
        var onProbe: ((UInt64?) -> Void)?
        var onReplaced: ((LoginID) -> Void)?
        var onPresence: ((PresenceChange) -> Void)?

        init(node: SimNode, onClosed: @escaping () -> Void) {
            self.node = node
            self.onClosed = onClosed
        }
    }

    /// What is done inside the server; the answer is what the client does with the answer.
    typealias Request = (SimRedis) -> () -> Void

    let world: World
    var store: Store
    private(set) var isUp = true
    private(set) var isPaused = false
    private(set) var links: [Link] = []
    private var stalled: [() -> Void] = []
    private var dataSets = 1
    private var backup: Store?
    /// Every message that was ever written, by its text: how often.
    var written: [String: Int] = [:]
    /// The text that each id was given to: it is no other's, whatever data is lost.
    private var texts: [MessageID: String] = [:]
    /// The same in the order in which they were written, by room.
    private(set) var orders: [RoomName: [MessageID]] = [:]
    /// The logins whose users have taken their names over, and when.
    private(set) var replaced: [LoginID: Instant] = [:]
    /// The first login of the user of each login that has taken a name over.
    private var firstLogins: [LoginID: LoginID] = [:]
    var unanswered = SimUnanswered()
    var granted = GrantedClaims()
    /// The messages whose removal was carried out.
    var removed: Set<MessageID> = []
    /// Of each name, the fences its messages were written under, in the log's order.
    var fences: [(name: String, fence: UInt64, login: LoginID)] = []

    init(world: World, retention: Store.Retention) {
        self.world = world
        store = Store(dataSet: "1", unixSecond: 1_700_000_000, retention: retention)
    }

    private var delay: Duration { world.duration(50...3_000) }

    /// The number of messages that were ever written in a room.
    func count(in room: RoomName) -> Int { orders[room]?.count ?? 0 }

    // MARK: Connections

    /// Nil at `then`: refused.
    func connect(
        _ node: SimNode,
        onClosed: @escaping () -> Void,
        then: @escaping (Link?) -> Void
    ) {
        world.after(delay) { [self] in
            guard isUp else { return node.runs { then(nil) } }
            let link = Link(node: node, onClosed: onClosed)
            links.append(link)
            node.runs { then(link) }
        }
    }

    func send(_ link: Link, _ request: @escaping Request) {
        guard link.isOpenHere else { return }
        link.toServer = max(link.toServer, world.now + delay)
        world.at(link.toServer) { [self] in arrive(link, request) }
    }

    private func arrive(_ link: Link, _ request: @escaping Request) {
        guard isUp, link.isOpenThere else { return }
        guard !isPaused else { return stalled.append { self.arrive(link, request) } }
        let then = request(self)
        link.toClient = max(link.toClient, world.now + delay)
        world.at(link.toClient) {
            link.node.runs { if link.isOpenHere, link.isOpenThere { then() } }
        }
    }

    /// The client lets go. What it has sent may still arrive, even much later, or may not.
    func close(_ link: Link) {
        link.isOpenHere = false
        if world.chance(0.3) { link.isOpenThere = false }
        links.removeAll { $0 === link }
    }

    /// The server, or the network, lets go.
    func cut(_ link: Link) {
        guard link.isOpenHere, link.isOpenThere else { return }
        link.isOpenThere = false
        links.removeAll { $0 === link }
        world.after(delay) {
            link.node.runs {
                guard link.isOpenHere else { return }
                link.isOpenHere = false
                link.onClosed()
            }
        }
    }

    func cutOne() {
        if let link = links.randomElement(using: &world.random) { cut(link) }
    }

    func cut(_ node: SimNode) {
        for link in links where link.node === node { cut(link) }
    }

    func cutSubscriptions() {
        for link in links where link.isSubscribed { cut(link) }
    }

    // MARK: What the server does

    func answer(_ call: BrokerCall) -> BrokerAnswer {
        let (answer, publication) = store.answer(call, ms: world.ms)
        for replacement in store.takeReplaced() { tell(replacement, after: call) }
        tellPresence()
        if case .claims(let call) = call { granted.note(call, answer, in: world) }
        guard let publication else { return answer }
        if case .publish(let call) = call, case .publish(.verdicts(let verdicts, _)) = answer {
            for (sealed, verdict) in zip(call.drafts, verdicts) {
                guard case .accepted = verdict else { continue }
                orders[call.room, default: []].append(sealed.mid)
                if let removal = call.removal { note(removal) }
                // A removal that is made once more has no login, and may be lost once more.
                guard !sealed.key.isEmpty else { continue }
                let text = String(decoding: sealed.draft.body, as: UTF8.self)
                written[text, default: 0] += 1
                if let other = texts.updateValue(text, forKey: sealed.mid), other != text {
                    world.complain("\(sealed.mid) is the id of \(other) and \(text)")
                }
                unanswered.accepted(sealed.mid, now: world.now)
                fences.append((sealed.key, sealed.fence, sealed.login))
            }
        }
        publish(publication)
        return answer
    }

    func probe(_ node: SimNode, _ ticket: UInt64?) {
        for link in links where link.isSubscribed && link.node === node && link.isOpenThere {
            push(link) { link.onProbe?(ticket) }
        }
    }

    /// Returns the first login of a login's user.
    func firstLogin(of login: LoginID) -> LoginID { firstLogins[login] ?? login }

    private func tell(_ replacement: Replacement, after call: BrokerCall) {
        replaced[replacement.login] = world.now
        if case .claims(let call) = call {
            for claim in call.claims where claim.proof == replacement.login {
                firstLogins[claim.login] = firstLogin(of: replacement.login)
            }
        }
        for link in links where link.own == replacement.incarnation && link.isOpenThere {
            push(link) { link.onReplaced?(replacement.login) }
        }
    }

    func push(_ link: Link, _ body: @escaping () -> Void) {
        link.toClient = max(link.toClient, world.now + delay)
        world.at(link.toClient) {
            link.node.runs { if link.isOpenHere, link.isOpenThere { body() } }
        }
    }

    // MARK: Faults

    func pause() { isPaused = true }

    func resume() {
        isPaused = false
        let waiting = stalled
        stalled = []
        for request in waiting { request() }
    }

    /// What may come back later as an old copy.
    func backUp() { backup = store }

    enum Loss { case nothing, everything, something }

    func crash() {
        isUp = false
        isPaused = false
        stalled = []
        for link in links { cut(link) }
    }

    func restart(losing loss: Loss) {
        dataSets += 1
        store.unixSecond = clock
        switch loss {
        case .nothing: store.restart(dataSet: "\(dataSets)")
        case .everything: store.erase(dataSet: "\(dataSets)")
        case .something:
            if let backup { store = backup }
            store.unixSecond = clock
            store.restart(dataSet: "\(dataSets)")
        }
        if loss != .nothing {
            unanswered.dataLost(isAll: loss == .everything, left: store, now: world.now)
        }
        isUp = true
    }

    /// Another primary is promoted under everybody's feet, without a connection being cut.
    func promote() {
        dataSets += 1
        store.restart(dataSet: "\(dataSets)")
    }

    func erase() {
        dataSets += 1
        store.unixSecond = clock
        store.erase(dataSet: "\(dataSets)")
        unanswered.dataLost(isAll: true, left: store, now: world.now)
    }
}

// MARK: - What a node asks over its membership connection

extension SimRedis {
    func answer(_ call: ClusterMember.Call, of node: SimNode) -> ClusterMember.Answer {
        switch call {
        case .lease(let call): return .lease(answer(call))
        case .catchUp(let call, _):
            let answer = store.catchUp(call, birth: ProducerID(using: &world.random))
            note(answer)
            return .catchUp(answer)
        case .probe(_, let ticket):
            probe(node, ticket)
            return .done
        // A few at a time, so that it takes several calls.
        case .heldKeys(let dead): return .keys(Array(store.heldKeys(of: dead).prefix(3)))
        case .reap(let call):
            defer { tellPresence() }
            return .reap(store.reap(call))
        case .heldPage(let incarnation, let place, _):
            let keys = store.heldKeys(of: incarnation).dropFirst(Int(place))
            let page = keys.prefix(3)
            let next = page.count < keys.count ? place + UInt64(page.count) : 0
            return .page(keys: Array(page), next: next)
        case .fence(let key, _): return .fence(store.fence(ofName: key))
        case .release(let release):
            _ = store.release(release, ms: world.ms)
            tellPresence()
            return .done
        case .label: return .label(nil)
        case .present(let call): return .present(store.present(call))
        }
    }

    private func answer(_ call: Lease.Call) -> Lease.Answer {
        switch call {
        case .openEpoch(let call): .openEpoch(openEpoch(call))
        case .register(let call): .roster(store.register(call))
        case .renew(let call): .roster(store.renew(call))
        case .certify(let call): .certify(store.certify(call))
        case .endGrace(let epoch): .endGrace(store.endGrace(epoch))
        }
    }
}

extension SimRedis {
    func openEpoch(_ call: OpenEpochCall) -> OpenEpochAnswer {
        store.unixSecond = clock
        return store.openEpoch(call)
    }

    /// The number of an epoch without one before it. Real epochs do not begin faster than seconds
    /// pass; here they do, so that it runs a hundred times as fast.
    private var clock: UInt64 { 1_700_000_000 + UInt64(world.ms - 1_700_000_000_000) / 10 }
}
