import ChatCore
import ChatSupport

/// `chatnode bench resume`: clients lose their connections and come back to their names and positions, while
/// others speak.
struct ResumeBench {
    let plan: StormPlan
    let valueBytes: Int
    let messagesPerSecond: Double
    let warmup: Duration
    let duration: Duration
    let isVerifying: Bool
    /// What the shell is told to do at the moment at which the storm begins.
    let command: String?
    /// Where each way back is written.
    let raw: String?
    let maxP95: Duration?
    let maxP99: Duration?

    /// How long clients may take to come back after the storm: the time of two attempts that get no answer.
    private static let patience = Limits.openTimeout * 2

    func hold(_ run: BenchRun) async throws -> Report {
        var report = Report(bench: "resume", title(run))
        addPlan(run, &report)
        let plan = plan
        _ = try await run.team.fromEach { $0.storm = Storm(plan, in: $0) }
        guard try await run.comeIn(0..<plan.clients), try await run.isComplete(&report) else {
            return report
        }
        _ = try await run.team.fromEach { ($0.arrivals, $0.postponed) = (Arrivals(), [:]) }
        var phases = Phases()
        let scenario = Scenario(
            run: run,
            recipients: plan.clients,
            senders: plan.senders,
            load: .open(perSecond: messagesPerSecond),
            warmup: warmup,
            duration: duration
        )
        var outcome = try await scenario.hold(
            servers: run.options.pids,
            meanwhile: { try await drive(run, $0, &phases, &report) },
            atEnd: { try await awaitAll(run, &phases) }
        )
        let counts = try await run.team.fromEach { $0.storm?.counts }.compactMap { $0 }
            .reduce(Storm.Counts(), +)
        outcome.gone = try await run.team.sum { $0.storm?.awayCount ?? 0 }
        if let usage = phases.usage { outcome.usage = usage }
        try await add(counts, outcome, run, &report)
        return report
    }

    private func title(_ run: BenchRun) -> String {
        let what =
            switch plan.kind {
            case .jitter(let every): "each cut every \(every.short), \(plan.offline.short) offline"
            case .avalanche(let addresses, let over):
                "those of \(addresses) of \(run.options.urls.count) addresses lost, back over "
                    + over.short
            }
        return "resume  \(plan.clients.grouped) clients\(run.place), \(what), "
            + "\(messagesPerSecond.threeDigits) messages/s"
    }

    private func addPlan(_ run: BenchRun, _ report: inout Report) {
        report.addPlan(run)
        report.field("clients", .int(plan.clients))
        report.field("senders", .int(plan.senders))
        report.field("rate", .number(messagesPerSecond))
        report.field("offline_us", .number(plan.offline.microseconds))
        switch plan.kind {
        case .jitter(let every):
            report.field("scenario", .string("jitter"))
            report.field("every_us", .number(every.microseconds))
        case .avalanche(let addresses, let over):
            report.field("scenario", .string("avalanche"))
            report.field("lost_addresses", .int(addresses))
            report.field("over_us", .number(over.microseconds))
        }
    }
}

// MARK: - The phases of a run

extension ResumeBench {
    /// How far a run has come.
    private struct Phases {
        var first: Sample?
        var usage: Usage?
    }

    /// Begins the storm when the warm-up is over, and measures what it takes until all clients are back.
    private func drive(
        _ run: BenchRun,
        _ share: Double,
        _ phases: inout Phases,
        _ report: inout Report
    ) async throws {
        let away = try await run.team.sum { $0.storm?.awayCount ?? 0 }
        run.bar.show("\(away) of \(plan.clients) clients away", share)
        guard let first = phases.first else {
            guard share >= warmup / (warmup + duration) else { return }
            phases.first = try await Sample.take(run.team, servers: run.options.pids)
            if let command, let reason = ShellCommand.start(command) {
                report.fail(.unreachable, "--command: \(reason)")
            }
            let start = Clock.now
            _ = try await run.team.fromEach { $0.storm?.begin(at: start) }
            return
        }
        if case .jitter = plan.kind { return }
        if away == 0, phases.usage == nil { try await calm(run, since: first, &phases) }
    }

    private func calm(_ run: BenchRun, since first: Sample, _ phases: inout Phases) async throws {
        let last = try await Sample.take(run.team, servers: run.options.pids)
        phases.usage = Usage(from: first, to: last)
        _ = try await run.team.fromEach { $0.storm?.calm() }
    }

    /// Waits until all clients are back.
    private func awaitAll(_ run: BenchRun, _ phases: inout Phases) async throws {
        _ = try await run.team.fromEach { $0.storm?.stopCutting() }
        let deadline = Clock.now + Self.patience
        _ = try await run.wait {
            let away = try await run.team.sum { $0.storm?.awayCount ?? 0 }
            return away == 0 || Clock.now > deadline
        }
        if let first = phases.first, phases.usage == nil {
            try await calm(run, since: first, &phases)
        }
    }
}

// MARK: - The report

extension ResumeBench {
    private func add(
        _ counts: Storm.Counts,
        _ outcome: Scenario.Outcome,
        _ run: BenchRun,
        _ report: inout Report
    ) async throws {
        var took = Latency()
        for resume in counts.resumes { took.record(resume.took) }
        let seconds = outcome.usage.seconds
        report.row(
            "resumes",
            "\(counts.resumes.count.grouped) in \(seconds.threeDigits) s, "
                + "\(counts.missed.count.grouped) messages missed and got"
        )
        report.field("resumes", .int(counts.resumes.count))
        report.field("storm_seconds", .number(seconds))
        report.field("missed", .int(counts.missed.count))
        report.latency("resume", "resume_us", took, "from the offer to synced")
        report.add(try await run.team.fromEach { $0.arrivals }.reduce(Arrivals(), +))
        report.latency("missed", "missed_us", counts.missed, "to each receipt of these")
        report.latency("stayed", "stayed_before_us", counts.stayedBefore, "to those there, before")
        report.latency("", "stayed_during_us", counts.stayedDuring, "to those there, in the storm")
        report.field("still_away", .int(counts.stillAway))
        report.addPostponed(try await run.team.reasons { $0.postponed })
        report.add(
            outcome,
            recipients: plan.clients,
            isVerifying: isVerifying,
            each: "resume",
            counts.resumes.count
        )
        report.addEnds(try await run.team.reasons { $0.ends })
        checkPositions(counts, &report)
        report.threshold("max-p95", .atMost, maxP95, took.found(95), \.short) {
            .number($0.microseconds)
        }
        report.threshold("max-p99", .atMost, maxP99, took.found(99), \.short) {
            .number($0.microseconds)
        }
        if counts.resumes.isEmpty, !run.stop.isRequested {
            report.fail(.unreachable, "no client came back")
        }
        if let raw, let reason = ResumeTimes.write(counts.resumes, to: raw) {
            report.fail(.unreachable, "--raw \(raw.printable): \(reason)")
        }
    }

    private func checkPositions(_ counts: Storm.Counts, _ report: inout Report) {
        report.field("not_resumed", .int(counts.notResumed))
        report.field("not_recovered", .int(counts.notRecovered))
        report.field("gaps", .int(counts.gaps))
        let found = [
            (counts.notResumed, "logins not resumed"), (counts.notRecovered, "joins not recovered"),
            (counts.gaps, "gaps"),
        ].filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }
        guard !found.isEmpty else { return }
        report.row("returns", found.joined(separator: ", "))
        if isVerifying {
            report.fail(.verificationFailed, "not verified: \(found.joined(separator: ", "))")
        }
    }
}

extension Latency {
    /// Returns a percentile; nil if nothing was recorded.
    fileprivate func found(_ percentage: Double) -> Duration? {
        count > 0 ? percentile(percentage) : nil
    }
}
