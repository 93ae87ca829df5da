import ArgumentParser
import ChatCore

/// `chatnode bench resume`.
struct BenchResume: AsyncParsableCommand {
    /// The clients that lose their connections, and when they do.
    enum Scenario: String, CaseIterable, ExpressibleByArgument {
        case jitter, avalanche
    }

    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Clients lose their connections and come back, while others speak.",
        discussion: """
            EXAMPLES
              chatnode bench resume --clients 1000 --every 15s --offline 2s --verify
              chatnode bench resume ws://a:4567 ws://b:4567 --scenario avalanche \\
                  --clients 18000 --over 5s --command 'kill -9 4242' --verify
              chatnode bench resume --dialect v1 --rooms 10 --scenario avalanche --over 0s

            Clients speak chat.v1. Each comes back with the secret of its login and with
            its position, and is back when it is told synced. Senders that lose their
            connection send again what was not accepted.

            jitter      Each client but the senders is cut every so often, at moments
                        of its own, and comes back to its address.
            avalanche   All clients of the last addresses lose their sockets at once,
                        when the warm-up is over: to --command, or by resets. They come
                        back to the addresses that are left, if there are some.

            A client that cannot come back tries again after a random wait below a
            bound that doubles from 0.5s to 20s, or, if a node has said when, after that.

            WITH --json, times are in microseconds
              resume_us            from the moment of the offer to synced
              connect_us, upgrade_us, login_us, join_us: its steps
              missed, missed_us    what clients got while they came back
              stayed_before_us, stayed_during_us: deliveries to clients that stayed
              postponed            why clients could not come back at once, by reason
              not_resumed, not_recovered, gaps: with --verify, each is a failure
              still_away           cuts that found a client still away
              generator_busiest_loop, server_us_per_resume …: of the storm alone
            and everything else that `bench fanout --help` lists.
            """
    )

    @OptionGroup var options: BenchOptions
    @Option(help: "jitter, or avalanche.")
    var scenario = Scenario.jitter
    @Option(help: "How many clients, each of which hears its room.")
    var clients = 1000
    @Option(
        help: "jitter: time between two cuts of a client (default: 15s).",
        transform: BenchArgument.duration
    )
    var every = Duration.seconds(15)
    @Option(help: "avalanche: how many addresses lose their clients, the last ones.")
    var lost = 1
    @Option(
        help: "avalanche: the time within which clients offer to come back (default: 5s).",
        transform: BenchArgument.duration
    )
    var over = Duration.seconds(5)
    @Option(
        help: "How long a client is away before it offers to (default: 2s; avalanche: 0s).",
        transform: BenchArgument.duration
    )
    var offline: Duration?
    @Option(help: "avalanche: what the shell does at its beginning, such as 'kill -9 4242'.")
    var command: String?
    @Option(help: "How many of the clients speak (default: one in each room).")
    var senders: Int?
    @Option(
        help: "Messages a second over all senders (default: 2).",
        transform: BenchArgument.rate
    )
    var rate = 2.0
    @Option(
        help: "Bytes of a message's value, 34 at least (default: 128).",
        transform: BenchArgument.bytes
    )
    var size = 128
    @Option(help: "How long is measured (default: 30s).", transform: BenchArgument.duration)
    var duration = Duration.seconds(30)
    @Option(
        help: "How long messages are sent before (default: 5s).",
        transform: BenchArgument.duration
    )
    var warmup = Duration.seconds(5)
    @Flag(help: "Exit code 1 unless all clients hear each message once and in one order.")
    var verify = false
    @Option(help: "A file for each client's way back, a line for each.")
    var raw: String?
    @Option(
        name: .customLong("max-p95"),
        help: "Threshold: the longest 95th percentile of the ways back, such as 1s.",
        transform: BenchArgument.duration
    )
    var maxP95: Duration?
    @Option(
        name: .customLong("max-p99"),
        help: "Threshold: the longest 99th percentile of the ways back.",
        transform: BenchArgument.duration
    )
    var maxP99: Duration?

    mutating func validate() throws {
        try BenchArgument.check("--clients", clients, in: 1...StampCodec.mostClients)
        try options.checkRooms("--clients", clients)
        try BenchArgument.check("--senders", speakers, in: 1...clients)
        try BenchArgument.check("--size", size, in: StampCodec.valueSizes)
        try BenchArgument.checkDuration(duration)
        switch scenario {
        case .jitter:
            guard every > away else {
                throw ValidationError(
                    "--every is longer than --offline, or no client is ever there."
                )
            }
            guard command == nil else {
                throw ValidationError("--command needs --scenario avalanche.")
            }
        case .avalanche:
            try BenchArgument.check("--lost", lost, in: 1...options.urls.count)
            guard duration > away + over else {
                throw ValidationError("--duration is longer than --offline and --over together.")
            }
        }
        // Resumes are a matter of `chat.v1`.
        options.dialect = .v1
    }

    private var speakers: Int { senders ?? BenchRooms(options.rooms).count }
    private var away: Duration { offline ?? (scenario == .jitter ? .seconds(2) : .zero) }

    private var plan: StormPlan {
        StormPlan(
            kind: scenario == .jitter
                ? .jitter(every: every) : .avalanche(addresses: lost, over: over),
            clients: clients,
            senders: speakers,
            offline: away,
            isByCommand: command != nil
        )
    }

    func run() async throws {
        let bench = ResumeBench(
            plan: plan,
            valueBytes: size,
            messagesPerSecond: rate,
            warmup: warmup,
            duration: duration,
            isVerifying: verify,
            command: command,
            raw: raw,
            maxP95: maxP95,
            maxP99: maxP99
        )
        try await BenchRun.perform(options, clients: clients, valueBytes: size, bench.hold)
    }
}
