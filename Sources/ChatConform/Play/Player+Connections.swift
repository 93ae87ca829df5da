import ChatCore
import ChatSupport

/// The steps in which the client opens connections and gives them up.
extension Player {
    func connect(_ within: Duration) throws(Failure) {
        var hasOne = false
        _ = stage.plays(for: within) {
            hasOne = stage.takeConnection()
            return hasOne || stage.adapter.hasEnded
        }
        if !hasOne, stage.adapter.hasEnded { throw Failure("the adapter has ended") }
        guard hasOne else { throw Failure("the client opens no connection within \(within)") }
        if let endedAt { waits.append(Clock.now - endedAt) }
        endedAt = nil
    }

    /// Ends each connection before a login, until the client has stayed away for long enough in all.
    func sendAway(_ most: Int, _ least: Duration) throws(Failure) {
        var count = 0
        var away = Duration.zero
        while away < least {
            guard count <= most else {
                throw Failure("the client has waited for \(away) in all before \(most) connections")
            }
            try connect(count == 0 ? Patience.start : Patience.longReturn)
            try hear(#"{"type":"login"}"#)
            try perform(.closes(1013))
            count += 1
            away = waits.reduce(.zero, +)
        }
    }

    /// Compares the waits with each other, but for some of the shortest and of the longest.
    func compareWaits(_ least: Duration, _ outliers: Int) throws(Failure) {
        let ordered = waits.sorted()
        guard ordered.count > 2 * outliers else { preconditionFailure("a trial has more returns") }
        let apart = ordered[ordered.count - 1 - outliers] - ordered[outliers]
        guard apart < least else { return }
        let times = waits.map { "\(Self.milliseconds($0))" }.joined(separator: ", ")
        throw Failure(
            "the client does not wait at random: it has waited for \(times) ms; without the \(outliers) "
                + "shortest and the \(outliers) longest these are \(Self.milliseconds(apart)) ms apart, and not "
                + "\(Self.milliseconds(least)) at least"
        )
    }

    private static func milliseconds(_ time: Duration) -> Int64 { time.inNanoseconds / 1_000_000 }

    /// Waits until the client ends the connection. Whether that is too early counts from before its ping, so
    /// that a machine that stalls between the two makes no client too early.
    func beDropped(_ within: Duration, _ notBefore: Duration) throws(Failure) {
        let socket = stage.socket
        guard stage.plays(for: within, until: { socket?.hasEnded == true }) else {
            throw Failure("the client does not give the connection up within \(within)")
        }
        if Clock.now - pingedAfter < notBefore {
            throw Failure("the client gives the connection up within \(notBefore)")
        }
    }
}
