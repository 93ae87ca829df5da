import ChatCore
import ChatSupport
import NIOCore

/// What is to be done for one of many clients at once. Thousands vanish when a balancer or a
/// network fails, and clients that came in the same second are all pinged, or given up, in the same
/// tick.
enum DeferredWork {
    /// Closes the socket of a client that is gone and whose name is given up, and removes it from
    /// its rooms. The channel is held until then, so that its memory too is freed within a budget.
    case tearDown(Connection, any Channel)
    /// Asks a connection whether anything is due.
    case remind(SocketID)
    /// Tells a client of the node's status.
    case tellStatus(SocketID)
    /// Closes a client that has missed messages.
    case close(SocketID, reason: String)
}

/// Deferred work is done item by item, in batches between which the loop serves its other sockets.
extension Shard {
    /// Does something soon, after this turn's events and the work that is already deferred.
    func deferWork(_ work: DeferredWork) {
        deferredWork.append(work)
        scheduleDeferredWork()
    }

    /// Tears down a client that is gone, soon. Each batch gives up names first: their holders may
    /// be back soon.
    func tearDownSoon(_ connection: Connection, _ channel: any Channel) {
        ended.append((connection, channel))
        if let key = connection.session.heldKey { endedHolders[key] = connection }
        scheduleDeferredWork()
    }

    /// Gives up a name at once if its holder is among the ended clients: a client that comes back
    /// must not find its own name taken because it waits for the others.
    func endHolder(of username: Username) {
        endedHolders.removeValue(forKey: username.key)?.endSession()
    }

    private func scheduleDeferredWork() {
        guard !isDeferredWorkScheduled else { return }
        isDeferredWorkScheduled = true
        loop.assumeIsolated().execute { [self] in doDeferredWork() }
    }

    private func doDeferredWork() {
        let end = Clock.now + (isDraining ? Limits.drainDeferredWorkTime : deferredWorkTime)
        work(until: end, next: { ended.popFirst() }) { (connection, channel) in
            connection.endSession()
            deferredWork.append(.tearDown(connection, channel))
        }
        if ended.isEmpty { endedHolders = [:] }
        work(until: end, next: { deferredWork.popFirst() }, perform)
        isDeferredWorkScheduled = !(ended.isEmpty && deferredWork.isEmpty)
        guard isDeferredWorkScheduled else { return }
        goOn(after: Limits.deferredWorkTime) { [self] in doDeferredWork() }
    }

    /// Takes item after item until `end`, but at least a few.
    private func work<Item>(until end: Instant, next: () -> Item?, _ body: (Item) -> Void) {
        let atOnce = 8
        var done = 0
        while done < atOnce || !done.isMultiple(of: atOnce) || Clock.now < end, let item = next() {
            body(item)
            done += 1
        }
    }

    private func perform(_ work: DeferredWork) {
        switch work {
        case .tearDown(let connection, _): connection.tearDown()
        case .remind(let id): occupant(id)?.remind(now: Clock.now)
        case .tellStatus(let id): connection(id)?.tellStatus()
        case .close(let id, let reason): connection(id)?.close(.tooSlow, reason)
        }
    }

    /// Continues a long piece of work after the loop has served its sockets.
    ///
    /// What falls due while a loop runs its tasks runs before the loop polls its sockets again. So
    /// the pause begins after the tasks that are queued now, and should be longer than what follows
    /// those tasks takes.
    func goOn(after pause: Duration, _ body: @escaping () -> Void) {
        let loop = loop.assumeIsolated()
        loop.execute {
            loop.scheduleTask(in: .nanoseconds(pause.inNanoseconds), body)
        }
    }
}
