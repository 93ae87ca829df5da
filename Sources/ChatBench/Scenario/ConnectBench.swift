import ChatCore

/// `chatnode bench connect`: clients connect, upgrade, log in.
struct ConnectBench {
    let clients: Int
    /// The number of clients that connect per second; nil means as fast as possible, a limited
    /// number at a time.
    let perSecond: Double?
    let maxP99: Duration?
    let minRate: Double?
    let maxFailed: Int?

    func hold(_ run: BenchRun) async throws -> Report {
        let load = perSecond.map { "\($0.threeDigits)/s" } ?? "\(run.options.concurrency) at a time"
        var report = Report(
            bench: "connect",
            "connect  \(clients.grouped) clients\(run.place), \(load)"
        )
        report.addPlan(run)
        report.field("clients", .int(clients))
        report.field("rate", perSecond.map { .number($0) } ?? .null)
        let first = try await Sample.take(run.team, servers: run.options.pids)
        _ = try await run.comeIn(0..<clients, perSecond: perSecond)
        let last = try await Sample.take(run.team, servers: run.options.pids)
        let arrived = try await run.team.sum { $0.cameIn }
        let usage = Usage(from: first, to: last)
        let rate = Double(arrived) / usage.seconds
        report.row(
            "clients",
            "\(arrived.grouped) in \(usage.seconds.threeDigits) s: \(rate.threeDigits)/s"
        )
        report.field("logged_in", .int(arrived))
        report.field("measured_seconds", .number(usage.seconds))
        report.field("clients_per_second", .number(rate))
        let arrivals = try await run.team.fromEach { $0.arrivals }.reduce(Arrivals(), +)
        report.add(arrivals)
        report.addPostponed(try await run.team.reasons { $0.postponed })
        let turnedAway = try await run.team.reasons { $0.turnedAway }
        report.addTurnedAway(turnedAway)
        report.addEnds(try await run.team.reasons { $0.ends })
        report.addUsage(usage, each: "client", arrived)
        let p99 = arrivals.whole.count > 0 ? arrivals.whole.percentile(99) : nil
        report.threshold("max-p99", .atMost, maxP99, p99, \.short) { .number($0.microseconds) }
        report.threshold("min-rate", .atLeast, minRate, rate, { "\($0.threeDigits)/s" }) {
            .number($0)
        }
        let failed = turnedAway.values.reduce(0, +)
        report.checkEntries(arrived, failed: failed, maxFailed, isStopped: run.stop.isRequested)
        return report
    }
}

extension Report {
    /// Checks how many clients logged in. Some may fail only if the options say how many, and never
    /// all of them.
    mutating func checkEntries(
        _ arrived: Int,
        failed: Int,
        _ maxFailed: Int?,
        isStopped: Bool
    ) {
        threshold("max-failed", .atMost, maxFailed, failed, \.grouped) { .int($0) }
        if arrived == 0, !isStopped {
            fail(.unreachable, "no client came in")
        } else if maxFailed == nil, failed > 0 {
            fail(.unreachable, "\(failed.grouped) clients could not come in")
        }
    }

    /// Adds how long clients took to connect, log in and join.
    mutating func add(_ arrivals: Arrivals) {
        latency("connect", "connect_us", arrivals.connect, "TCP")
        latency("upgrade", "upgrade_us", arrivals.upgrade, "request to 101")
        latency("login", "login_us", arrivals.login, "login to logged_in")
        if arrivals.join.count > 0 {
            latency("join", "join_us", arrivals.join, "join to synced")
        }
        latency("all of it", "whole_us", arrivals.whole, "from the intended time")
    }
}
