import ChatCore
import NIOCore

/// `chatnode bench fanout`: some clients send, and all receive.
struct FanOutBench {
    struct Plan {
        var recipients: Int
        var senders: Int
        var valueBytes: Int
        var load: Load
        var warmup: Duration
        var duration: Duration
        var isVerifying: Bool
    }

    let plan: Plan
    let limits: BenchLimits

    func hold(_ run: BenchRun) async throws -> Report {
        var report = Report(bench: "fanout", title(run))
        report.addPlan(run)
        report.field("recipients", .int(plan.recipients))
        report.field("senders", .int(plan.senders))
        report.field("value_bytes", .int(plan.valueBytes))
        switch plan.load {
        case .open(let perSecond): report.field("rate", .number(perSecond))
        case .closed(let inFlight): report.field("in_flight", .int(inFlight))
        }
        guard try await run.comeIn(0..<plan.recipients), try await run.isComplete(&report) else {
            return report
        }
        let scenario = Scenario(
            run: run,
            recipients: plan.recipients,
            senders: plan.senders,
            load: plan.load,
            warmup: plan.warmup,
            duration: plan.duration
        )
        let outcome = try await scenario.hold(
            servers: run.options.pids,
            meanwhile: { run.bar.show("\(plan.recipients) recipients", $0) }
        )
        report.add(outcome, recipients: plan.recipients, isVerifying: plan.isVerifying)
        if run.options.urls.count > 1, outcome.faults.lost > 0 {
            report.note("nodes that do not share a Redis do not hear each other")
        }
        report.addEnds(try await run.team.reasons { $0.ends })
        limits.check(outcome, &report)
        return report
    }

    private func title(_ run: BenchRun) -> String {
        let load =
            switch plan.load {
            case .open(let perSecond): "\(perSecond.threeDigits) messages/s"
            case .closed(let inFlight): "\(inFlight) in flight each"
            }
        return "fanout  \(plan.recipients.grouped) recipients, \(plan.senders) of them senders"
            + "\(run.place), \(load), \(plan.valueBytes) bytes"
    }
}

extension BenchRun {
    /// Says for a title which dialect is spoken, and in how many rooms; empty for the plain dialect.
    var place: String {
        let codec = team.plan.codec
        if codec.dialect == .plain { return "" }
        return codec.rooms.isLobby ? ", chat.v1" : ", chat.v1 in \(codec.rooms.count.grouped) rooms"
    }

    /// Returns whether all clients are logged in; if not, the report says why.
    func isComplete(_ report: inout Report) async throws -> Bool {
        let reasons = try await team.reasons { $0.turnedAway }
        guard !reasons.isEmpty else { return true }
        report.addTurnedAway(reasons)
        report.fail(
            .unreachable,
            "\(reasons.values.reduce(0, +).grouped) clients could not come in"
        )
        return false
    }
}

extension Report {
    /// Adds where the clients connected to and from.
    mutating func addPlan(_ run: BenchRun) {
        field("urls", .array(run.options.urls.map { .string("\($0)") }))
        let codec = run.team.plan.codec
        field("dialect", .string(codec.dialect.rawValue))
        field("rooms", .int(codec.rooms.count))
        field("loops", .int(run.team.groups.count))
        field("sources", .array(run.team.plan.sources.map { .string($0.ipAddress ?? "") }))
    }
}
