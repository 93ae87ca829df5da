import ChatCore
import NIOCore

/// Clients that are gone: thousands may vanish at once, when a balancer or a network does.
///
/// What one leaves behind (its socket, its rooms) takes longer than to note that it is gone and to give
/// up its name. So that comes first, and the rest is seen to in stretches, between which the loop
/// serves those who stay.
extension Shard {
    /// A client is gone. It may be noted twice, by the end of its input and by that of its socket.
    func seeOffSoon(_ connection: Connection) {
        guard !connection.isSeenOff else { return }
        departed.append(connection)
        guard departed.count == 1 else { return }
        // Behind this turn's events.
        loop.assumeIsolated().execute { [self] in seeOff() }
    }

    private func seeOff() {
        let end = Clock.now + (isDraining ? Limits.drainDepartureTime : Limits.departureTime)
        var done = 0
        repeat {
            let connection = departed[done]
            done += 1
            if !connection.isSeenOff { connection.seeOff() }
        } while done < departed.count && (!done.isMultiple(of: 8) || Clock.now < end)
        departed.removeFirst(done)
        guard !departed.isEmpty else { return departed = [] }
        goOn(after: Limits.departureTime) { [self] in seeOff() }
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
