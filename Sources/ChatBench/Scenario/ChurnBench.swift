import ChatClient
import ChatCore
import ChatSupport

/// `chatnode bench churn`: clients connect, send a message or none, and leave, while others stay and
/// receive.
struct ChurnBench {
    let steady: Int
    let churnPerSecond: Double
    /// Whether visitors say nothing.
    let isSilent: Bool
    let valueBytes: Int
    let messagesPerSecond: Double
    let warmup: Duration
    let duration: Duration
    let isVerifying: Bool
    /// The most visitors that may fail; nil if the run sets no limit.
    let maxFailed: Int?
    let limits: BenchLimits

    /// The number of client numbers for visitors: more than a run can use.
    static let visitors = 1_000_000

    func hold(_ run: BenchRun) async throws -> Report {
        var report = Report(
            bench: "churn",
            "churn  \(churnPerSecond.threeDigits) clients/s come and go, \(steady.grouped) stay and "
                + "hear \(messagesPerSecond.threeDigits) messages/s\(run.place)"
        )
        report.addPlan(run)
        report.field("steady", .int(steady))
        report.field("churn_rate", .number(churnPerSecond))
        report.field("silent", .bool(isSilent))
        report.field("rate", .number(messagesPerSecond))
        guard try await run.comeIn(0..<steady), try await run.isComplete(&report) else {
            return report
        }
        try await beginVisits(run)
        let ramps = try await run.startRamps(
            steady..<steady + Self.visitors,
            perSecond: churnPerSecond,
            isMeasured: false
        )
        let scenario = Scenario(
            run: run,
            recipients: steady,
            // One in each room, so that all who stay hear something.
            senders: run.team.plan.codec.rooms.count,
            load: .open(perSecond: messagesPerSecond),
            warmup: warmup,
            duration: duration
        )
        let outcome = try await scenario.hold(
            servers: run.options.pids,
            meanwhile: { run.bar.show("\(steady) steady clients", $0) },
            atEnd: { try await ramps.stop() }
        )
        try await addVisits(run, outcome, &report)
        report.add(outcome, recipients: steady, isVerifying: isVerifying)
        report.addEnds(try await run.team.reasons { $0.ends })
        limits.check(outcome, &report)
        return report
    }

    /// Makes every client that logs in from now on send a message, unless visitors are silent, and leave:
    /// every other one with a reset.
    private func beginVisits(_ run: BenchRun) async throws {
        let (steady, isSilent) = (steady, isSilent)
        let codec = run.team.plan.codec
        _ = try await run.team.fromEach { group in
            group.arrivals = Arrivals()
            group.onEntry = { client in
                if !isSilent {
                    var message = codec.message(from: client.number)
                    let stamp = Stamp(sender: Stamp.noise, number: 0, intended: Clock.now)
                    codec.stamp(&message, stamp)
                    client.say(message)
                    client.connection?.flush()
                }
                let isPolite = (client.number - steady) / group.plan.groupCount % 2 == 0
                if isPolite { client.close() } else { client.cut() }
            }
        }
    }

    private func addVisits(
        _ run: BenchRun,
        _ outcome: Scenario.Outcome,
        _ report: inout Report
    ) async throws {
        let arrivals = try await run.team.fromEach { $0.arrivals }.reduce(Arrivals(), +)
        let turnedAway = try await run.team.reasons { $0.turnedAway }
        let visits = arrivals.whole.count
        let failed = turnedAway.values.reduce(0, +)
        report.row(
            "visitors",
            "\(visits.grouped) came and went, \(failed.grouped) could not come in"
        )
        report.field("visitors", .int(visits))
        report.add(arrivals)
        report.addTurnedAway(turnedAway)
        report.checkEntries(visits, failed: failed, maxFailed, isStopped: run.stop.isRequested)
    }
}
