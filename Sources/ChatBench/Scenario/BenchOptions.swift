import ArgumentParser
import ChatClient
import ChatCore
import ChatSupport
import NIOCore

/// The arguments of all load generators.
struct BenchOptions: ParsableArguments {
    @Argument(
        help: "Where the nodes' clients connect; several are taken in turn.",
        transform: BenchArgument.url
    )
    var urls: [ChatURL] = []
    @Option(
        help: """
            plain, or v1: chat.v1, in which clients join a room, number what they send, and \
            wait for acks.
            """
    )
    var dialect = BenchDialect.plain
    @Option(
        help: """
            Rooms over which the clients are spread, with --dialect v1 (default: all are in the \
            lobby).
            """
    )
    var rooms: Int?
    @Option(help: "Threads of the generator (default: half of the processors).")
    var loops: Int?
    @Option(help: "Clients on their way in at the same time.")
    var concurrency = 100
    @Option(
        help:
            "Local addresses to connect from, with commas, or auto: as many of 127.0.0.1 … as needed.",
        transform: BenchArgument.source
    )
    var source = SourceAddresses.Wish.automatic
    @Option(name: .customLong("pid"), help: "A server's process here, to be measured; repeatable.")
    var pids: [Int] = []
    @Flag(help: "One JSON object instead of lines for people.")
    var json = false

    mutating func validate() throws {
        if urls.isEmpty { urls = [try BenchArgument.url("ws://127.0.0.1:4567/ws")] }
        if let loops { try BenchArgument.check("--loops", loops, in: 1...1024) }
        try BenchArgument.check("--concurrency", concurrency, in: 1...StampCodec.mostClients)
        if let rooms {
            guard dialect == .v1 else {
                throw ValidationError(
                    "--rooms needs --dialect v1: the plain dialect knows only the lobby."
                )
            }
            try BenchArgument.check("--rooms", rooms, in: 1...BenchRooms.most)
        }
        for pid in pids where ProcessorTime.ofProcess(pid) == nil {
            throw ValidationError("--pid \(pid): there is no such process here.")
        }
    }

    /// Fails: if there are fewer clients than rooms.
    func checkRooms(_ name: String, _ clients: Int) throws {
        guard let rooms, rooms > clients else { return }
        throw ValidationError(
            "--rooms \(rooms): is more than \(name) \(clients), so rooms are empty."
        )
    }
}

extension BenchDialect: ExpressibleByArgument {}

/// Reads arguments with units, by the rules of the configuration.
enum BenchArgument {
    @Sendable static func url(_ text: String) throws -> ChatURL {
        do throws(ChatURL.Invalid) {
            return try ChatURL(text)
        } catch {
            throw ValidationError(
                "“\(text.printable)” \(error.complaint); such as ws://127.0.0.1:4567/ws."
            )
        }
    }

    @Sendable static func source(_ text: String) throws -> SourceAddresses.Wish {
        if text == "auto" { return .automatic }
        let entries = try explained("addresses with commas") { () throws(InvalidValue) in
            try Units.list(text)
        }
        return .these(
            try entries.map { entry in
                guard let address = try? SocketAddress(ipAddress: entry, port: 0) else {
                    throw ValidationError(
                        "“\(entry.printable)” is not an IP address; such as 127.0.0.2,127.0.0.3."
                    )
                }
                return address
            }
        )
    }

    /// The longest duration: an instant after it, in nanoseconds, still fits into 64 bits.
    private static let longest = Duration.seconds(30 * 24 * 3600)

    @Sendable static func duration(_ text: String) throws -> Duration {
        let duration = try explained("a number with its unit, such as 500ms, 10s or 2m") {
            () throws(InvalidValue) in
            try Units.duration(text)
        }
        guard duration <= longest else {
            throw ValidationError("is more than \(Units.text(duration: longest)).")
        }
        return duration
    }

    @Sendable static func bytes(_ text: String) throws -> Int {
        try explained("a number of bytes such as 128 or 4KiB") { () throws(InvalidValue) in
            try Units.bytes(text)
        }
    }

    @Sendable static func number(_ text: String) throws -> Double {
        guard let number = Units.number(text), number > 0, number <= 1e12 else {
            throw ValidationError("is not a number above 0, and at most 1000000000000.")
        }
        return number
    }

    /// Reads a rate in events a second. At a slower one the next event's time would not fit into 64
    /// bits; at a faster one no clock tells two events apart.
    @Sendable static func rate(_ text: String) throws -> Double {
        guard let number = Units.number(text), (0.001...10_000_000).contains(number) else {
            throw ValidationError("is not a number between 0.001 and 10000000.")
        }
        return number
    }

    /// Fails: if a count is out of bounds.
    static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError(
                "\(name) \(value): is not between \(range.lowerBound) and \(range.upperBound)."
            )
        }
    }

    /// Fails: if a run would measure for no time.
    static func checkDuration(_ duration: Duration) throws {
        guard duration > .zero else { throw ValidationError("--duration is longer than 0s.") }
    }

    private static func explained<Value>(
        _ expected: String,
        _ parse: () throws(InvalidValue) -> Value
    ) throws -> Value {
        do {
            return try parse()
        } catch {
            throw ValidationError("\(error.complaint): \(expected).")
        }
    }
}
