/// The machines inside a member: takes each one's effects to another, or out.
extension ClusterMember {
    mutating func updateLease(
        _ now: Instant,
        _ effects: inout [Effect],
        _ event: (inout Lease, inout [Lease.Effect]) -> Void
    ) {
        event(&lease, &leaseEffects.waiting)
        guard leaseEffects.begin() else { return }
        while let effect = leaseEffects.next() { carryOut(effect, now, &effects) }
    }

    private mutating func carryOut(
        _ effect: Lease.Effect,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        switch effect {
        case .call(let call): ask(.lease(call), now, &effects)
        case .registrationChanged(let registration): registered(registration, now, &effects)
        case .leaseExpiry(let instant): effects.append(.leaseExpires(instant))
        case .met(let other): ask(.label(of: other), now, &effects)
        case .reap(let dead): ask(.heldKeys(of: dead), now, &effects)
        case .otherVersion(let version): effects.append(.otherVersion(version))
        }
    }

    private mutating func registered(
        _ registration: Registration,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        let isFirst = incarnation == nil
        let isAnother = incarnation != registration.incarnation
        incarnation = registration.incarnation
        // In another epoch each room is caught up with.
        if !isFirst, epoch != registration.epoch { effects.append(.roomsShut) }
        epoch = registration.epoch
        if !isFirst {
            // Probes could not be sent for a while, and so none came.
            probe?.heard(now: now)
            // The process's own channel has another name now.
            if isAnother { restartSubscription(isSilent: false, &effects) }
        }
        updateRooms(now, &effects) { $0.epochChanged(to: registration.epoch, into: &$1) }
        updatePresence(now, &effects) {
            $0.registrationChanged(registration, now: now, into: &$1)
        }
        effects.append(.registrationChanged(registration, seen: rooms.seen))
        if isFirst {
            // The lease is the first to ask which epoch it is: it alone may say that a cluster is new.
            effects.append(.startSubscription)
            effects.append(.startBrokers)
        }
        availability.set(.registration, isThere: true, now: now)
        beginAudit(now, &effects)
    }

    mutating func updateRooms(
        _ now: Instant,
        _ effects: inout [Effect],
        _ event: (inout RoomFeeds, inout [RoomFeeds.Effect]) -> Void
    ) {
        event(&rooms, &roomEffects.waiting)
        guard roomEffects.begin() else { return }
        while let effect = roomEffects.next() { carryOut(effect, now, &effects) }
    }

    private mutating func carryOut(
        _ effect: RoomFeeds.Effect,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        switch effect {
        case .subscribe(let room): effects.append(.subscribe(room))
        case .unsubscribe(let room):
            presence.forget(room)
            effects.append(.unsubscribe(room))
        case .timeline(let room, let effect): carryOut(effect, of: room, now, &effects)
        case .isOpen(let room, let position, let loop):
            effects.append(.roomIsOpen(room, position, loop: loop))
        case .refused(let room, let loop): effects.append(.roomRefused(room, loop: loop))
        case .closed(let room):
            presence.forget(room)
            effects.append(.roomClosed(room))
        }
    }

    private mutating func carryOut(
        _ effect: Timeline.Effect,
        of room: RoomName,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        switch effect {
        case .deliver(let publication):
            effects.append(.deliver(room, publication))
        case .redeliver(let publication):
            effects.append(.redeliver(room, publication))
        case .reset(let position):
            effects.append(.reset(room, position))
        case .deliverExternal(let body):
            effects.append(.deliverExternal(room, body))
        case .opened(let position):
            effects.append(.roomOpened(room, position))
            updatePresence(now, &effects) { $0.opened(room, now: now, into: &$1) }
        case .missed(let range):
            effects.append(.missed(room, range))
        case .ignored:
            effects.append(.ignored(room))
        case .probe(let ticket):
            if let incarnation { ask(.probe(incarnation, ticket: ticket), now, &effects) }
        case .catchUp(let call, let ticket):
            ask(call, ticket: ticket, now, &effects)
        case .recheckRegistration(let epoch):
            updateLease(now, &effects) { $0.recheck(epoch: epoch, now: now, into: &$1) }
        }
    }
}
