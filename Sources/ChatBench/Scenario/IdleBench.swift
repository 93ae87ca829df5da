import ChatCore
import ChatSupport

/// `chatnode bench idle`: clients that are logged in and silent, and what they cost.
struct IdleBench {
    let clients: Int
    let duration: Duration
    let maxLost: Int?

    /// The least memory that a connection takes of any server, in bytes.
    private static let leastEach = 256.0

    func hold(_ run: BenchRun) async throws -> Report {
        var report = Report(
            bench: "idle",
            "idle  \(clients.grouped) clients\(run.place) for \(Units.text(duration: duration))"
        )
        report.addPlan(run)
        report.field("clients", .int(clients))
        let before = memory(run.options.pids)
        guard try await run.comeIn(0..<clients), try await run.isComplete(&report) else {
            return report
        }
        report.add(try await run.team.fromEach { $0.arrivals }.reduce(Arrivals(), +))
        let after = memory(run.options.pids)
        let first = try await Sample.take(run.team, servers: run.options.pids)
        let end = first.at + duration
        _ = try await run.wait {
            run.bar.show("\(clients) clients", 1 - (end - Clock.now) / duration)
            let isEmpty = try await run.team.sum { $0.clients.count } == 0
            return Clock.now >= end || isEmpty
        }
        let last = try await Sample.take(run.team, servers: run.options.pids)
        let usage = Usage(from: first, to: last)
        let there = try await run.team.sum { $0.clients.count }
        report.row(
            "clients",
            "\(there.grouped) of \(clients.grouped) there after \(usage.seconds.threeDigits) s"
        )
        report.field("measured_seconds", .number(usage.seconds))
        report.field("there", .int(there))
        report.field("pings_answered", .int(try await run.team.sum { $0.pings }))
        report.addEnds(try await run.team.reasons { $0.ends })
        addServer(usage, before, after, &report)
        report.addUsage(usage, each: "client", clients)
        report.threshold("max-lost", .atMost, maxLost, clients - there, \.grouped) { .int($0) }
        if there == 0 { report.fail(.unreachable, "all clients are gone") }
        return report
    }

    private func memory(_ pids: [Int]) -> ProcessMemory? {
        let all = pids.compactMap { ProcessMemory.ofProcess($0) }
        return all.isEmpty ? nil : all.reduce(ProcessMemory(resident: 0, proportional: 0), +)
    }

    private func addServer(
        _ usage: Usage,
        _ before: ProcessMemory?,
        _ after: ProcessMemory?,
        _ report: inout Report
    ) {
        guard let before, let after else { return }
        let each = Double(after.resident - before.resident) / Double(clients)
        report.row(
            "memory",
            "\(each.threeDigits) bytes of the server for each client: "
                + "\((after.resident / 1024).grouped) KiB with, \((before.resident / 1024).grouped) "
                + "KiB without"
        )
        if each < Self.leastEach {
            report.note(
                "the server has used memory that earlier clients left: start it anew to see what one costs"
            )
        }
        report.field("server_rss_before", .int(before.resident))
        report.field("server_rss", .int(after.resident))
        report.field("server_rss_per_client", .number(each))
        report.field("server_pss_before", before.proportional.map { .int($0) } ?? .null)
        report.field("server_pss", after.proportional.map { .int($0) } ?? .null)
        guard let server = usage.server else { return }
        let cost = server * 1e6 / Double(clients)
        report.row("processor", "\(cost.threeDigits) µs of the server for each client and second")
        report.field("server_us_per_client_second", .number(cost))
    }
}
