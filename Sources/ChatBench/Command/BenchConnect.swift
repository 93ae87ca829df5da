import ArgumentParser
import ChatCore

/// `chatnode bench connect`.
struct BenchConnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Clients connect, upgrade and log in: how long each step takes.",
        discussion: """
            EXAMPLES
              chatnode bench connect --clients 10000
              chatnode bench connect --clients 5000 --rate 1000 --max-p99 50ms --json

            Without --rate, as fast as --concurrency allows. They all stay until the end.

            With --json: connect_us, upgrade_us, login_us, join_us (--dialect v1),
            whole_us {count,p50,p90,p95,p99,p99_9,max}; logged_in, clients_per_second,
            postponed, turned_away and disconnects by reason, and what
            `bench fanout --help` says of the generator, the server and the thresholds.
            """
    )

    @OptionGroup var options: BenchOptions
    @Option(help: "How many clients.")
    var clients = 1000
    @Option(help: "Clients a second.", transform: BenchArgument.rate)
    var rate: Double?
    @Option(
        name: .customLong("max-p99"),
        help: "Threshold: the longest 99th percentile of all steps together, such as 50ms.",
        transform: BenchArgument.duration
    )
    var maxP99: Duration?
    @Option(help: "Threshold: clients a second.", transform: BenchArgument.number)
    var minRate: Double?
    @Option(help: "Threshold: clients that do not come in. Without it, one means exit code 69.")
    var maxFailed: Int?

    func validate() throws {
        try BenchArgument.check("--clients", clients, in: 1...StampCodec.mostClients)
        try options.checkRooms("--clients", clients)
    }

    func run() async throws {
        let bench = ConnectBench(
            clients: clients,
            perSecond: rate,
            maxP99: maxP99,
            minRate: minRate,
            maxFailed: maxFailed
        )
        try await BenchRun.perform(
            options,
            clients: clients,
            valueBytes: StampCodec.smallestValueBytes,
            bench.hold
        )
    }
}
