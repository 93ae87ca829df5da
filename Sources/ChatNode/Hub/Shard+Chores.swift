import ChatCore
import NIOCore

/// What is to be done for one of many clients at once: thousands vanish when a balancer or a network
/// does, and those who came in the same second are all pinged, or given up, in the same tick.
enum Chore {
    /// It is gone, and its name is given up: close its socket, and take it out of its rooms. Held until
    /// then, its channel is not taken apart while others wait.
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

    /// A client is gone. Its name is given up before any chore, because it may be back soon.
    func seeOffSoon(_ connection: Connection, _ channel: any Channel) {
        ended.append((connection, channel))
        scheduleChores()
    }

    private func scheduleChores() {
        guard !areChoresScheduled else { return }
        areChoresScheduled = true
        loop.assumeIsolated().execute { [self] in doChores() }
    }

    private func doChores() {
        let end = Clock.now + (isDraining ? Limits.drainChoreTime : Limits.choreTime)
        endSessions(until: end)
        work(through: \.chores, until: end, perform)
        areChoresScheduled = !(ended.isEmpty && chores.isEmpty)
        guard areChoresScheduled else { return }
        goOn(after: Limits.choreTime) { [self] in doChores() }
    }

    /// Gives up the names of those who are gone.
    func endSessions(until end: Instant) {
        work(through: \.ended, until: end) { (connection, channel) in
            connection.endSession()
            chores.append(.seeOff(connection, channel))
        }
    }

    /// Takes one after the other while there is time, and a few in any case.
    private func work<Item>(
        through queue: ReferenceWritableKeyPath<Shard, [Item]>,
        until end: Instant,
        _ body: (Item) -> Void
    ) {
        var items: [Item] = []
        swap(&items, &self[keyPath: queue])
        var done = 0
        while done < items.count, done < 8 || !done.isMultiple(of: 8) || Clock.now < end {
            body(items[done])
            done += 1
        }
        guard done < items.count else { return }
        // What has come meanwhile is behind them.
        self[keyPath: queue] = items[done...] + self[keyPath: queue]
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
