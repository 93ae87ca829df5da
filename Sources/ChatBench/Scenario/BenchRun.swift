import ArgumentParser
import ChatClient
import ChatCore
import ChatSupport
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The parts that all load generators share, from checking the descriptors to resetting the last
/// connection.
///
/// On: the task that runs the command.
struct BenchRun {
    /// Whether the end of the run was requested.
    final class Stop: Sendable {
        private let isRequestedFlag = Atomic(false)
        var isRequested: Bool { isRequestedFlag.load(ordering: .relaxed) }
        func request() { isRequestedFlag.store(true, ordering: .relaxed) }
    }

    /// The number of descriptors kept for terminals and files, beside those of clients and loops.
    private static let spareDescriptors = 64
    /// The time between two looks at the groups.
    static let poll = Duration.milliseconds(20)
    /// How long clients may take to end when all are cut.
    private static let cutPatience = Duration.seconds(5)

    /// How long no client may have logged in before those on their way are given up.
    private static let arrivalPatience = Limits.openTimeout + Limits.loginTimeout

    let options: BenchOptions
    let team: Team
    let stop: Stop
    let bar = ProgressBar()

    /// Runs a bench for `clients` clients at once and ends the process as its report says.
    static func perform(
        _ options: BenchOptions,
        clients: Int,
        valueBytes: Int,
        _ body: (BenchRun) async throws -> Report
    ) async throws {
        Signals.ignoreBrokenPipes()
        let loopCount = max(1, min(options.loops ?? max(1, System.coreCount / 2), clients))
        try checkRoom(clients, loops: loopCount)
        let stop = Stop()
        let stopping = listen(for: Signals.stopRequests(), stop)
        defer { stopping.cancel() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        let loops = Array(group.makeIterator())
        let codec = StampCodec(
            run: randomRun(),
            valueBytes: valueBytes,
            dialect: options.dialect,
            rooms: BenchRooms(options.rooms)
        )
        let plan = try await plan(options, clients: clients, codec, on: loops)
        let run = BenchRun(options: options, team: try await .make(on: loops, plan), stop: stop)
        var report = try await body(run)
        run.bar.clear()
        report.isInterrupted = stop.isRequested
        Terminal.say(options.json ? report.json : report.text)
        for complaint in report.complaints { Terminal.complain(complaint) }
        try await run.cutAll()
        try await group.shutdownGracefully()
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }

    private static func listen(for requests: AsyncStream<CInt>, _ stop: Stop) -> Task<Void, Never> {
        Task {
            for await signal in requests {
                if stop.isRequested { Glibc.exit(128 + signal) }
                stop.request()
            }
        }
    }

    private static func randomRun() -> String {
        var generator = SystemRandomNumberGenerator()
        return StampCodec.randomRun(using: &generator)
    }

    /// Checks that there are descriptors for the clients and for the loops.
    private static func checkRoom(_ clients: Int, loops: Int) throws {
        let limit = Descriptors.limit.now
        let spare = spareDescriptors + loops * Limits.loopDescriptors
        guard clients + spare <= limit else {
            Terminal.complain(
                """
                error: \(clients) clients need \(clients + spare) descriptors, and a process here may \
                have \(limit)
                  fix: ulimit -Hn \(clients + spare) (as root)      or at most \
                \(max(0, limit - spare)) clients      or several of these at once
                """
            )
            throw ExitCode(EX_OSERR)
        }
        let need = LoopPlan.Need(
            descriptorsEach: Limits.loopDescriptors,
            descriptorsBesides: clients + Limits.spareDescriptors
        )
        do {
            _ = try LoopPlan(asked: loops, cores: loops, need)
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(error.exitCode)
        }
    }

    // MARK: Targets and sources

    private static func plan(
        _ options: BenchOptions,
        clients: Int,
        _ codec: StampCodec,
        on loops: [any EventLoop]
    ) async throws -> BenchPlan {
        var targets: [BenchPlan.Target] = []
        for url in options.urls {
            let address = try await look(for: url, from: options.source, on: loops[0])
            targets.append(BenchPlan.Target(url: url, address: address))
        }
        do {
            return BenchPlan(
                codec: codec,
                groupCount: loops.count,
                targets: targets,
                sources: try SourceAddresses.choose(
                    options.source,
                    clients: clients,
                    targets: targets.map(\.address)
                )
            )
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode(EX_USAGE)
        }
    }

    /// Finds out which of a host's addresses answers: makes one connection before there are
    /// thousands.
    private static func look(
        for url: ChatURL,
        from source: SourceAddresses.Wish,
        on loop: any EventLoop
    ) async throws -> SocketAddress {
        do {
            var bootstrap = ClientBootstrap(group: loop)
                .connectTimeout(.nanoseconds(Limits.openTimeout.inNanoseconds))
            if let first = source.first { bootstrap = bootstrap.bind(to: first) }
            let channel = try await bootstrap.connect(host: url.host, port: url.port).get()
            defer { channel.close(promise: nil) }
            if let address = channel.remoteAddress { return address }
            throw ChannelError.alreadyClosed
        } catch {
            let end = ConnectionEnd.unreachable(because: error)
            // No port is left, or the address is not this machine's.
            let isOurs = end == .unreachable(because: IOError(errnoCode: EADDRNOTAVAIL, reason: ""))
            let fix =
                isOurs
                ? "--source with addresses of this machine that have ports left"
                : "chatnode --port \(url.port)      or name the address of a node that runs"
            Terminal.complain("error: \(url): \(end.description.printable)\n  fix: \(fix)")
            throw ExitCode(EX_UNAVAILABLE)
        }
    }

    // MARK: Waiting

    /// Waits until a condition holds or the run is told to stop; returns false in the second case.
    func wait(until holds: () async throws -> Bool) async throws -> Bool {
        while true {
            if try await holds() { return true }
            if stop.isRequested { return false }
            try await Task.sleep(for: Self.poll)
        }
    }

    private func cutAll() async throws {
        _ = try await team.fromEach { $0.cutAll() }
        let deadline = Clock.now + Self.cutPatience
        while try await team.sum({ $0.clients.count }) > 0, Clock.now < deadline {
            try await Task.sleep(for: Self.poll)
        }
    }
}

// MARK: - Connecting

extension BenchRun {
    /// Connects and logs in clients, as many at a time as the options say. Returns false if told to
    /// stop.
    func comeIn(_ numbers: Range<Int>, perSecond: Double? = nil) async throws -> Bool {
        let ramps = try await startRamps(numbers, perSecond: perSecond, isMeasured: true)
        var before = -1
        var deadline = Instant.distantFuture
        let isComplete = try await wait {
            let there = try await team.sum { $0.cameIn }
            if there != before { deadline = Clock.now + Self.arrivalPatience }
            before = there
            if Clock.now > deadline { _ = try await team.fromEach { $0.giveUpWaiting() } }
            bar.show("\(there) of \(numbers.count) clients", Double(there) / Double(numbers.count))
            return try await ramps.areOver()
        }
        if !isComplete { try await ramps.stop() }
        bar.clear()
        return isComplete
    }

    /// Starts to connect clients.
    func startRamps(
        _ numbers: Range<Int>,
        perSecond: Double?,
        isMeasured: Bool
    ) async throws -> Ramps {
        let groups = team.groups.count
        let concurrency = max(1, options.concurrency / groups)
        let start = Clock.now
        var ramps: [NIOLoopBound<Ramp>] = []
        for group in team.groups {
            let ramp = try await group.eventLoop.submit {
                let group = group.value
                let schedule = perSecond.map {
                    SendSchedule(start: start, perSecond: $0, lanes: [group.index], of: groups)
                }
                let ramp = Ramp(
                    group: group,
                    numbers: numbers,
                    stride: groups,
                    concurrency: concurrency,
                    isMeasured: isMeasured,
                    schedule: schedule
                )
                group.onArrival = { [weak ramp] in ramp?.pump() }
                ramp.start()
                return NIOLoopBound(ramp, eventLoop: group.loop)
            }.get()
            ramps.append(ramp)
        }
        return Ramps(all: ramps)
    }
}

/// The ramps of all groups.
struct Ramps: Sendable {
    let all: [NIOLoopBound<Ramp>]

    func areOver() async throws -> Bool {
        for ramp in all {
            guard try await ramp.eventLoop.submit({ ramp.value.isOver }).get() else { return false }
        }
        return true
    }

    func stop() async throws {
        for ramp in all { try await ramp.eventLoop.submit { ramp.value.stop() }.get() }
    }
}
