import ArgumentParser
import ChatCore

/// `chatnode bench idle`.
struct BenchIdle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "Clients that are there and silent: what each of them costs.",
        discussion: """
            EXAMPLES
              chatnode bench idle --clients 10000 --duration 60s --pid 4242
              chatnode bench idle --clients 60000 --source auto --max-lost 0

            They log in, answer pings, and say nothing. With --pid, the server's memory
            and processor time for each of them: name one that has just been started,
            since memory that others left behind is used again. Pings come every 25 s:
            watch for a multiple of that.

            With --json: there, pings_answered, disconnects by reason,
            server_rss_per_client and server_rss, server_pss (bytes),
            server_us_per_client_second, and what `bench fanout --help` says of the
            generator, the server and the thresholds.
            """
    )

    @OptionGroup var options: BenchOptions
    @Option(help: "How many clients.")
    var clients = 1000
    @Option(help: "How long they stay (default: 30s).", transform: BenchArgument.duration)
    var duration = Duration.seconds(30)
    @Option(help: "Threshold: clients that are gone at the end.")
    var maxLost: Int?

    func validate() throws {
        try BenchArgument.check("--clients", clients, in: 1...StampCodec.mostClients)
        try options.checkRooms("--clients", clients)
        try BenchArgument.checkDuration(duration)
    }

    func run() async throws {
        let bench = IdleBench(clients: clients, duration: duration, maxLost: maxLost)
        try await BenchRun.perform(
            options,
            clients: clients,
            valueBytes: StampCodec.smallestValueBytes,
            bench.hold
        )
    }
}
