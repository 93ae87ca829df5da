import ChatCore
import NIOCore

/// What is to be done for one of many clients at once: thousands vanish when a balancer or a network
/// does, and those who came in the same second are all pinged, or given up, in the same tick.
enum Chore {
    /// It is gone, and its name is given up: close its socket, and take it out of its rooms. Its channel
    /// is held until then: what there is to free is freed in a stretch as well.
    case seeOff(Connection, any Channel)
    /// Something may be due.
    case remind(SocketID)
    /// It has missed messages.
    case close(SocketID, reason: String)
}

/// Chores are done one after the other, in stretches between which the loop serves the others.
extension Shard {
    /// Has something done soon, behind this turn's events and the chores that there are.
    func doSoon(_ chore: Chore) {
        chores.append(chore)
        scheduleChores()
    }

    /// A client is gone. Names are given up first in each stretch: their holders may be back soon.
    func seeOffSoon(_ connection: Connection, _ channel: any Channel) {
        ended.append((connection, channel))
        if let key = connection.session.heldKey { endedHolders[key] = connection }
        scheduleChores()
    }

    /// Whoever comes back is not to find its own name taken: it does not wait for the others'.
    func endHolder(of username: Username) {
        endedHolders.removeValue(forKey: username.key)?.endSession()
    }

    private func scheduleChores() {
        guard !areChoresScheduled else { return }
        areChoresScheduled = true
        loop.assumeIsolated().execute { [self] in doChores() }
    }

    private func doChores() {
        let end = Clock.now + (isDraining ? Limits.drainChoreTime : choreTime)
        work(until: end, next: { ended.popFirst() }) { (connection, channel) in
            connection.endSession()
            chores.append(.seeOff(connection, channel))
        }
        if ended.isEmpty { endedHolders = [:] }
        work(until: end, next: { chores.popFirst() }, perform)
        areChoresScheduled = !(ended.isEmpty && chores.isEmpty)
        guard areChoresScheduled else { return }
        goOn(after: Limits.choreTime) { [self] in doChores() }
    }

    /// Takes one after the other while there is time, and a few in any case.
    private func work<Item>(until end: Instant, next: () -> Item?, _ body: (Item) -> Void) {
        let atOnce = 8
        var done = 0
        while done < atOnce || !done.isMultiple(of: atOnce) || Clock.now < end, let item = next() {
            body(item)
            done += 1
        }
    }

    private func perform(_ chore: Chore) {
        switch chore {
        case .seeOff(let connection, _): connection.seeOff()
        case .remind(let id): occupant(id)?.remind(now: Clock.now)
        case .close(let id, let reason): connection(id)?.close(.tooSlow, reason)
        }
    }

    /// Goes on with something long when the loop has seen to its sockets.
    ///
    /// What falls due while a loop runs its tasks runs before it looks at its sockets again. So the
    /// pause begins behind the tasks that there are by now, and should be longer than what they leave
    /// behind takes.
    func goOn(after pause: Duration, _ body: @escaping () -> Void) {
        let loop = loop.assumeIsolated()
        loop.execute {
            loop.scheduleTask(in: .nanoseconds(pause.inNanoseconds), body)
        }
    }
}
