import ArgumentParser
import ChatCore

/// `chatnode bench fanout`.
struct BenchFanOut: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout",
        abstract: "Some clients send, all receive: how long it takes, and whether it arrives.",
        discussion: """
            EXAMPLES
              chatnode bench fanout --recipients 1000 --rate 10 --verify
              chatnode bench fanout --in-flight 64 --duration 5s --pid 4242
              chatnode bench fanout --max-p99 20ms --max-lost 0 --json
              chatnode bench fanout --dialect v1 --rooms 100 --recipients 5000

            Senders are recipients too, each in its own room: client n is in room n
            modulo --rooms. With --rate, messages leave at their times, whatever became
            of those before; with --in-flight, each sender keeps that number on their
            way.

            WITH --json, times are in microseconds
              latency_us           to each receipt {count,p50,p90,p95,p99,p99_9,max}
              last_recipient_us    to the last one; lateness_us: of the sends
              ack_us               to the ack, with --dialect v1; acks: how many came
              measured_seconds, messages_intended (open loop), messages_sent,
              messages_heard_by_all,
              messages_per_second, deliveries, deliveries_per_second
              lost, doubled, out_of_order, seq_breaks, disagreeing_recipients,
              recipients_gone, correct; with --dialect v1 astray (in the wrong room),
              unacknowledged, undue_acks
              refused, disconnects, turned_away    counts by reason
              generator_busiest_loop, generator_waiting    shares of a loop's time
              generator_us_per_delivery, generator_saturated
              server_processors, server_us_per_delivery    with --pid
              thresholds [{name,limit,value,met}], notes, failures, interrupted,
              exit_code
            """
    )

    @OptionGroup var options: BenchOptions
    @Option(help: "Clients, each of which hears everything.")
    var recipients = 100
    @Option(help: "How many of them speak (default: one in each room).")
    var senders: Int?
    @Option(
        help: "Bytes of a message's value, 34 at least (default: 128).",
        transform: BenchArgument.bytes
    )
    var size = 128
    @Option(
        help: "Messages a second over all senders (default: 10).",
        transform: BenchArgument.rate
    )
    var rate: Double?
    @Option(help: "Instead: messages that each sender keeps on their way.")
    var inFlight: Int?
    @Option(help: "How long is measured (default: 10s).", transform: BenchArgument.duration)
    var duration = Duration.seconds(10)
    @Option(
        help: "How long messages are sent before (default: 1s).",
        transform: BenchArgument.duration
    )
    var warmup = Duration.seconds(1)
    @Flag(help: "Exit code 1 unless all recipients hear each message once and in one order.")
    var verify = false
    @OptionGroup(title: "Thresholds") var limits: BenchLimits

    func validate() throws {
        guard rate == nil || inFlight == nil else {
            throw ValidationError("--rate and --in-flight are two ways to send: choose one.")
        }
        try BenchArgument.check("--recipients", recipients, in: 1...StampCodec.mostClients)
        try options.checkRooms("--recipients", recipients)
        guard (1...recipients).contains(speakers) else {
            throw ValidationError("--senders is between 1 and the number of recipients.")
        }
        if let inFlight { try BenchArgument.check("--in-flight", inFlight, in: 1...100_000) }
        try BenchArgument.check("--size", size, in: StampCodec.valueSizes)
        try BenchArgument.checkDuration(duration)
        // The check of the order keeps four bytes for each pair of a recipient and a sender.
        guard recipients * rooms.mostSenders(of: speakers) <= 250_000_000 else {
            throw ValidationError(
                "--recipients times --senders of one room is at most 250,000,000."
            )
        }
    }

    private var rooms: BenchRooms { BenchRooms(options.rooms) }
    private var speakers: Int { senders ?? rooms.count }

    func run() async throws {
        let bench = FanOutBench(
            plan: FanOutBench.Plan(
                recipients: recipients,
                senders: speakers,
                valueBytes: size,
                load: inFlight.map { .closed(inFlight: $0) } ?? .open(perSecond: rate ?? 10),
                warmup: warmup,
                duration: duration,
                isVerifying: verify
            ),
            limits: limits
        )
        try await BenchRun.perform(
            options,
            clients: recipients,
            valueBytes: size,
            bench.hold
        )
    }
}
