import ArgumentParser
import ChatCore

/// `chatnode bench churn`.
struct BenchChurn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "churn",
        abstract: "Clients connect, send a message and leave, while others stay and receive.",
        discussion: """
            EXAMPLES
              chatnode bench churn --steady 200 --churn-rate 500 --verify
              chatnode bench churn --steady 1000 --duration 60s --max-p99 50ms

            Visitors connect, log in, say one message and leave: one half with a close
            handshake, the other with a reset. Those who stay hear --rate messages a
            second from one of them; these are measured and checked, the visitors' are
            noise. With --silent they say nothing: what they cost is their logins, and in
            rooms of chat.v1 that others are told who comes and goes.

            With --json: silent, visitors, connect_us, upgrade_us, login_us, whole_us (of
            visitors), turned_away by reason, and everything that
            `bench fanout --help` lists.
            """
    )

    @OptionGroup var options: BenchOptions
    @Option(help: "Clients that stay.")
    var steady = 100
    @Option(
        help: "Clients a second that come and go (default: 100).",
        transform: BenchArgument.rate
    )
    var churnRate = 100.0
    @Flag(help: "Visitors say nothing: they only come and go.")
    var silent = false
    @Option(help: "Measured messages a second (default: 10).", transform: BenchArgument.rate)
    var rate = 10.0
    @Option(
        help: "Bytes of a message's value, 34 at least (default: 128).",
        transform: BenchArgument.bytes
    )
    var size = 128
    @Option(help: "How long is measured (default: 10s).", transform: BenchArgument.duration)
    var duration = Duration.seconds(10)
    @Option(help: "How long it goes on before (default: 1s).", transform: BenchArgument.duration)
    var warmup = Duration.seconds(1)
    @Flag(help: "Exit code 1 unless all who stay hear each message once and in one order.")
    var verify = false
    @Option(help: "Threshold: visitors that do not come in. Without it, one means exit code 69.")
    var maxFailed: Int?
    @OptionGroup(title: "Thresholds") var limits: BenchLimits

    func validate() throws {
        // The visitors' numbers come after theirs.
        let most = StampCodec.mostClients - ChurnBench.visitors
        try BenchArgument.check("--steady", steady, in: 1...most)
        try options.checkRooms("--steady", steady)
        try BenchArgument.check("--size", size, in: StampCodec.valueSizes)
        try BenchArgument.checkDuration(duration)
    }

    func run() async throws {
        let bench = ChurnBench(
            steady: steady,
            churnPerSecond: churnRate,
            isSilent: silent,
            valueBytes: size,
            messagesPerSecond: rate,
            warmup: warmup,
            duration: duration,
            isVerifying: verify,
            maxFailed: maxFailed,
            limits: limits
        )
        // Visitors need descriptors too: one each for those that are connecting, and as many again for
        // those that are leaving.
        try await BenchRun.perform(
            options,
            clients: steady + 2 * options.concurrency,
            valueBytes: size,
            bench.hold
        )
    }
}
