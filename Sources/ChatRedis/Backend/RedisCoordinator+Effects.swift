import ChatCore
import NIOCore

/// What the node's `ClusterMember` wants done.
extension RedisCoordinator {
    func carryOut(_ effect: ClusterMember.Effect) {
        switch effect {
        case .call(let call): send(call)
        case .startSubscription: subscription.start(delegate: self)
        case .restartSubscription(let isSilent): subscription.fail(isSilent ? .timedOut : .closed)
        case .subscribeAll(let incarnation, let rooms):
            subscribe { $0.subscribe($1, as: incarnation, to: rooms) }
        case .subscribe(let room): subscribe { $0.subscribe($1, to: room) }
        case .unsubscribe(let room): subscribe { $0.unsubscribe($1, from: room) }
        case .startBrokers: startBrokers()
        case .leaseExpires(let instant):
            node.leaseExpires(at: instant)
            events.leaseExpires(at: instant)
        case .registrationChanged(let registration, let seen):
            highWaterMarks.note(registration.epoch)
            events.registrationChanged(registration, seen: seen)
        case .roomOpened(let room, let position):
            metrics.caughtUp()
            events.roomOpened(room, at: position)
        case .roomsShut: events.roomsShut()
        case .roomIsOpen(let room, let position, let loop):
            events.roomIsOpen(room, at: position, loop: loop)
        case .roomRefused(let room, let loop): events.roomRefused(room, loop: loop)
        case .roomClosed(let room): events.roomClosed(room)
        case .deliver(let room, let publication):
            publication.forEachBatch { events.deliver($0, to: room) }
        case .redeliver(let room, let publication):
            publication.forEachBatch(isRepeated: true) { events.deliver($0, to: room) }
        case .reset(let room, let position): events.reset(room, to: position)
        case .deliverExternal(let room, let body):
            events.deliver(FramedBatch(framing: body), to: room)
        case .missed(let room, let range): missed(in: room, range)
        case .presenceChanged(let news): events.presenceChanged(PresenceFrames(framing: news))
        case .replaced(let login): events.replaced(login)
        case .mayHaveMissedReplacements: events.mayHaveMissedReplacements()
        case .collectNameHashes(let audit): collectNameHashes(for: audit)
        case .checkNames(let keys, let audit): checkNames(keys, for: audit)
        case .ignored: malformed.count("a publication that the room's log knows nothing of")
        case .freeing(let key): report.freeing(key)
        case .sameLabel(let other): report.sameLabel(other)
        case .otherVersion(let version): report.otherVersion(version)
        case .availabilityChanged(let since):
            node.backendIsMissing(since: since)
            if since == nil { report.tellWell() }
        case .ready: report.ready()
        }
    }

    /// Changes what the subscription's connection is subscribed to, if there is one.
    private func subscribe(_ body: (inout RedisSubscriber, RedisConnection) -> Void) {
        if let connection = subscription.connection { body(&subscriber, connection) }
    }

    private func missed(in room: RoomName, _ range: ClosedRange<UInt64>?) {
        // If it is not known how many, it is one at least.
        metrics.missed(range?.count ?? 1)
        report.missed(range)
        events.missed(range, in: room)
    }

    private func startBrokers() {
        // What the node is registered as comes first on each loop.
        events.flush()
        for broker in brokers { broker.eventLoop.execute { broker.value.start() } }
    }

    private func collectNameHashes(for audit: Int) {
        let hashes = brokers.map { broker in broker.eventLoop.submit { broker.value.keyHashes } }
        EventLoopFuture.reduce(into: Set<Int>(), hashes, on: loop) { $0.formUnion($1) }
            .assumeIsolated().whenSuccess { [weak self] in
                let all = $0
                self?.update { $0.collected(all, audit: audit, now: $1, into: &$2) }
            }
    }

    private func checkNames(_ keys: [String], for audit: Int) {
        let answers = brokers.map { broker in
            broker.eventLoop.submit { broker.value.mayHold(keys) }
        }
        EventLoopFuture.whenAllSucceed(answers, on: loop).assumeIsolated().whenSuccess {
            [weak self] loops in
            let held = keys.indices.map { index in loops.contains { $0[index] } }
            self?.update { $0.checked(held, audit: audit, now: $1, into: &$2) }
        }
    }
}

// MARK: - Calls

extension RedisCoordinator {
    private func send(_ call: ClusterMember.Call) {
        guard let connection = membership.connection else { return }
        let then = { [weak self] (result: Result<ClusterMember.Answer, RedisFault>) -> Void in
            guard let self else { return }
            switch result {
            case .success(let answer): answered(answer)
            case .failure(let fault):
                answered(.refused)
                note(fault, of: .registration)
            }
        }
        MemberCall(codec: settings.codec, connection: connection, then: then)
            .send(call, using: &random)
    }

    private func answered(_ answer: ClusterMember.Answer) {
        update { [self] in $0.answered(answer, now: $1, using: &random, into: &$2) }
    }
}
