import ChatCore
import ChatSupport

/// What had been used and received at one moment.
struct Sample: Sendable {
    let at: Instant
    /// The processor time of each loop of the generator.
    let loops: [ProcessorTime]
    /// The processor time of all servers whose processes were given; nil if none was, or one has ended.
    let server: ProcessorTime?
    let deliveries: Int

    static func take(_ team: Team, servers: [Int]) async throws -> Sample {
        let groups = try await team.fromEach { group in
            (ProcessorTime.ofThisThread(), group.traffic?.counts.deliveries ?? 0)
        }
        let times = servers.compactMap { ProcessorTime.ofProcess($0) }
        return Sample(
            at: Clock.now,
            loops: groups.map(\.0),
            server: times.isEmpty || times.count < servers.count
                ? nil : times.reduce(ProcessorTime(), +),
            deliveries: groups.map(\.1).reduce(0, +)
        )
    }
}

/// What was used between two samples.
struct Usage: Sendable {
    /// The share of a loop's time above which the generator measures itself.
    static let saturation = 0.9
    /// The share of waiting from which other programs are to blame for some of the latency.
    static let disturbance = 0.1

    let seconds: Double
    /// For the busiest loop, the share of the time that it ran, and that it waited for a processor.
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

    /// Returns the generator's processor time in microseconds for each of `count` things.
    func generator(per count: Int) -> Double? {
        Self.microseconds(generatorNanoseconds, per: count)
    }
    func server(per count: Int) -> Double? {
        serverNanoseconds.flatMap { Self.microseconds($0, per: count) }
    }
    /// The number of processors that the servers kept busy.
    var server: Double? { serverNanoseconds.map { Double($0) / 1e9 / seconds } }

    private static func microseconds(_ nanoseconds: Int, per count: Int) -> Double? {
        count > 0 ? Double(nanoseconds) / 1000 / Double(count) : nil
    }
}
