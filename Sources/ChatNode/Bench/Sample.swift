import ChatCore

/// What had been used and heard at one moment.
struct Sample: Sendable {
    let at: Instant
    /// Of each loop of the generator.
    let loops: [ProcessorTime]
    /// Of the servers that were named, together.
    let server: ProcessorTime?
    let deliveries: Int

    static func take(_ team: Team, servers: [Int]) async throws -> Sample {
        let crews = try await team.fromEach { crew in
            (ProcessorTime.ofThisThread(), crew.traffic?.counts.deliveries ?? 0)
        }
        let times = servers.compactMap { ProcessorTime.ofProcess($0) }
        return Sample(
            at: Clock.now,
            loops: crews.map(\.0),
            server: times.isEmpty ? nil : times.reduce(ProcessorTime(), +),
            deliveries: crews.map(\.1).reduce(0, +)
        )
    }
}

/// What was used between two samples.
struct Usage: Sendable {
    /// Above this share of a loop's time the generator measures itself.
    static let saturation = 0.9
    /// From this share on others' programs are to blame for some of the latency.
    static let disturbance = 0.1

    let seconds: Double
    /// Of the busiest loop: the share of the time that it ran, and that it waited for a processor.
    let busiest: Double
    let waiting: Double
    let deliveries: Int
    private let generatorNanoseconds: Int
    private let serverNanoseconds: Int?

    init(from first: Sample, to last: Sample) {
        let nanoseconds = Double(max(1, (last.at - first.at).inNanoseconds))
        let loops = zip(last.loops, first.loops).map { $0 - $1 }
        seconds = nanoseconds / 1e9
        busiest = Double(loops.map(\.ran).max() ?? 0) / nanoseconds
        waiting = Double(loops.map(\.waited).max() ?? 0) / nanoseconds
        generatorNanoseconds = loops.map(\.ran).reduce(0, +)
        deliveries = last.deliveries - first.deliveries
        serverNanoseconds = last.server.flatMap { last in first.server.map { (last - $0).ran } }
    }

    var isSaturated: Bool { busiest > Self.saturation }

    /// Microseconds of processor time for each of so many.
    func generator(per count: Int) -> Double? {
        Self.microseconds(generatorNanoseconds, per: count)
    }
    func server(per count: Int) -> Double? {
        serverNanoseconds.flatMap { Self.microseconds($0, per: count) }
    }
    /// Processors kept busy, 1 being a whole one.
    var server: Double? { serverNanoseconds.map { Double($0) / 1e9 / seconds } }

    private static func microseconds(_ nanoseconds: Int, per count: Int) -> Double? {
        count > 0 ? Double(nanoseconds) / 1000 / Double(count) : nil
    }
}
