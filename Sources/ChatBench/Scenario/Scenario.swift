import ChatCore
import ChatSupport
import NIOCore

/// Messages between clients that are all logged in and in their rooms: sent, measured, waited for, checked.
///
/// On: the task that runs the command.
struct Scenario {
    /// The time from the call to the first message, within which every group must learn of it.
    private static let lead = Duration.milliseconds(100)
    /// How long nothing may arrive before what is missing counts as lost.
    private static let patience = Duration.seconds(3)

    let run: BenchRun
    let recipients: Int
    let senders: Int
    let load: Load
    let warmup: Duration
    let duration: Duration

    /// The result of a scenario.
    struct Outcome {
        var counts: Traffic.Counts
        var faults: Faults
        var usage: Usage
        /// The number of recipients that ended before the scenario did.
        var gone: Int
        /// The number of messages that were intended to leave within the window; nil in a closed
        /// loop, which has no times for them.
        var intended: Int?
        /// The length of the window, which is cut short if the end of the run is requested.
        var measuredSeconds: Double
        /// Whether each message is answered with an `ack`.
        var isAcknowledged = false
        var rooms = 1
    }

    /// Runs the scenario. `meanwhile` is called every few milliseconds, with the share of the time
    /// that is over, and `atEnd` when the last message has left.
    func hold(
        servers: [Int],
        meanwhile: (Double) async throws -> Void,
        atEnd: () async throws -> Void = {}
    ) async throws -> Outcome {
        let start = Clock.now + Self.lead
        let window = Traffic.Window(
            start: start,
            measuredFrom: start + warmup,
            end: start + warmup + duration
        )
        try await begin(window)
        let whole = warmup + duration
        func watch(until: Instant) async throws {
            _ = try await run.wait {
                try await meanwhile((Clock.now - start) / whole)
                if Clock.now >= until { return true }
                return try await isPointless()
            }
        }
        try await watch(until: window.measuredFrom)
        let first = try await Sample.take(run.team, servers: servers)
        try await watch(until: window.end)
        let last = try await Sample.take(run.team, servers: servers)
        try await sendWhatIsDue(window)
        _ = try await run.team.fromEach { $0.traffic?.stop() }
        let ended = min(Clock.now, window.end)
        try await atEnd()
        try await settle()
        let (counts, faults, present) = try await reckon()
        return Outcome(
            counts: counts,
            faults: faults,
            usage: Usage(from: first, to: last),
            gone: recipients - present,
            intended: intended(window, until: ended),
            measuredSeconds: max(0, (ended - window.measuredFrom) / .seconds(1)),
            isAcknowledged: isAcknowledged,
            rooms: run.team.plan.codec.rooms.count
        )
    }

    /// Waits until, in an open loop, every message that was due before the end has left, however
    /// late.
    private func sendWhatIsDue(_ window: Traffic.Window) async throws {
        guard Clock.now >= window.end else { return }
        let deadline = window.end + Self.patience
        _ = try await run.wait {
            if Clock.now >= deadline { return true }
            let sending = try await run.team.sum { $0.traffic?.isSending == true ? 1 : 0 }
            if sending == 0 { return true }
            return try await isPointless()
        }
    }

    private func intended(_ window: Traffic.Window, until end: Instant) -> Int? {
        guard case .open(let perSecond) = load else { return nil }
        let schedule = SendSchedule(start: window.start, perSecond: perSecond, lanes: [0], of: 1)
        return max(0, schedule.count(before: end) - schedule.count(before: window.measuredFrom))
    }

    /// Returns whether the server refuses the messages, or no recipient is left.
    private func isPointless() async throws -> Bool {
        let groups = try await run.team.fromEach { group in
            (group.clients.count, group.traffic?.counts.refused.isEmpty ?? true)
        }
        return groups.allSatisfy { $0.0 == 0 } || groups.contains { !$0.1 }
    }

    private func begin(_ window: Traffic.Window) async throws {
        let groups = run.team.groups
        let report: Traffic.Report = { sender, number, intended, time in
            let home = groups[sender % groups.count]
            if home.eventLoop.inEventLoop {
                home.value.traffic?.complete(sender, number, intended, at: time)
            } else {
                home.eventLoop.execute {
                    home.value.traffic?.complete(sender, number, intended, at: time)
                }
            }
        }
        let leave: Traffic.Leave = { room, reported in
            for group in groups {
                // Runs after what was reported before, on every loop.
                if group.eventLoop.inEventLoop {
                    group.value.traffic?.groupLeft(room, reported: reported)
                } else {
                    group.eventLoop.execute {
                        group.value.traffic?.groupLeft(room, reported: reported)
                    }
                }
            }
        }
        let (recipients, senders, load) = (recipients, senders, load)
        _ = try await run.team.fromEach { group in
            let share = (recipients - group.index + groups.count - 1) / groups.count
            group.traffic = Traffic(
                group: group,
                recipients: share,
                senders: senders,
                groups: groups.count,
                window: window,
                load: load,
                report: report,
                leave: leave
            )
        }
        _ = try await run.team.fromEach { $0.traffic?.start() }
    }

    private var isAcknowledged: Bool { run.team.plan.codec.dialect == .v1 }

    /// Waits until every recipient has all messages and every sender its `ack`s, or nothing arrives any
    /// more.
    private func settle() async throws {
        var before = -1
        var deadline = Clock.now + Self.patience
        while Clock.now < deadline {
            let sent = try await run.team.sum {
                ($0.traffic?.counts.sent ?? []).reduce(0) { $0 + Int($1) }
            }
            let complete = try await run.team.sum { $0.traffic?.counts.complete ?? 0 }
            let acked = try await run.team.sum { $0.traffic?.counts.acked ?? 0 }
            if complete == sent, !isAcknowledged || acked >= sent { return }
            let heard = acked + (try await run.team.sum { $0.traffic?.counts.deliveries ?? 0 })
            if heard != before { deadline = Clock.now + Self.patience }
            before = heard
            try await Task.sleep(for: BenchRun.poll)
        }
    }

    private func reckon() async throws -> (Traffic.Counts, Faults, present: Int) {
        let counts = try await run.team.fromEach { $0.traffic?.counts }.compactMap { $0 }
        let empty = Traffic.Counts(sent: Array(repeating: 0, count: senders))
        let all = counts.reduce(empty, +)
        let recipients = recipients
        let parts = try await run.team.fromEach {
            group -> (faults: Faults, digests: [Ledger.Digest: Int], present: Int) in
            let places = group.clients.values.filter { $0.number < recipients }.compactMap(\.place)
            guard let ledger = group.traffic?.ledger else { return (Faults(), [:], 0) }
            let faults = ledger.settle(sent: all.sent)
            return (faults, ledger.digests(of: places), places.count)
        }
        var faults = parts.map(\.faults).reduce(Faults(), +)
        let kinds = parts.reduce(into: [Ledger.Digest: Int]()) {
            $0.merge($1.digests, uniquingKeysWith: +)
        }
        faults.disagreeing = Ledger.disagreeing(kinds)
        if isAcknowledged {
            faults.unacknowledged = all.sent.reduce(0) { $0 + Int($1) } - all.acked
            faults.undueAcks = all.undueAcks
        }
        return (all, faults, parts.map(\.present).reduce(0, +))
    }
}
