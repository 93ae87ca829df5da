import ArgumentParser
import ChatClient
import ChatCore
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// What all load generators share: from the descriptors to the last reset.
///
/// On: the task that runs the command.
struct BenchRun {
    /// Whether somebody has asked for the end.
    final class Stop: Sendable {
        private let isRequestedFlag = Atomic(false)
        var isRequested: Bool { isRequestedFlag.load(ordering: .relaxed) }
        func request() { isRequestedFlag.store(true, ordering: .relaxed) }
    }

    /// Descriptors beside the clients' and the loops': terminals, files.
    private static let spareDescriptors = 64
    /// Between two looks at the crews.
    static let poll = Duration.milliseconds(20)
    /// How long clients may take to be gone when all are cut.
    private static let cutPatience = Duration.seconds(5)

    /// How long nobody may come in before those on their way are given up.
    private static let arrivalPatience = Limits.openTimeout + Limits.loginTimeout

    let options: BenchOptions
    let team: Team
    let stop: Stop
    let bar = ProgressBar()

    /// Runs a bench for so many clients at once and ends the process as its report says.
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
        let envelope = Envelope(run: randomRun(), valueBytes: valueBytes)
        let plan = try await plan(options, clients: clients, envelope, on: loops)
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
        return Envelope.randomRun(using: &generator)
    }

    /// Whether there are the descriptors for so many clients, and what the loops need.
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

    // MARK: Where to, where from

    private static func plan(
        _ options: BenchOptions,
        clients: Int,
        _ envelope: Envelope,
        on loops: [any EventLoop]
    ) async throws -> BenchPlan {
        var targets: [BenchPlan.Target] = []
        for url in options.urls {
            let address = try await look(for: url, from: options.source, on: loops[0])
            targets.append(BenchPlan.Target(url: url, address: address))
        }
        do {
            return BenchPlan(
                envelope: envelope,
                crewCount: loops.count,
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

    /// Which of a host's addresses answers: one connection, before there are thousands.
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

    /// Waits until something holds or it is told to stop; false in the second case.
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

// MARK: - Coming in

extension BenchRun {
    /// Has clients come in, as many at a time as the options say. False: told to stop.
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

    /// Begins to have clients come in.
    func startRamps(
        _ numbers: Range<Int>,
        perSecond: Double?,
        isMeasured: Bool
    ) async throws -> Ramps {
        let crews = team.crews.count
        let concurrency = max(1, options.concurrency / crews)
        let start = Clock.now
        var ramps: [NIOLoopBound<Ramp>] = []
        for crew in team.crews {
            let ramp = try await crew.eventLoop.submit {
                let crew = crew.value
                let pace = perSecond.map {
                    Pace(start: start, perSecond: $0, lanes: [crew.index], of: crews)
                }
                let ramp = Ramp(
                    crew: crew,
                    numbers: numbers,
                    stride: crews,
                    concurrency: concurrency,
                    isMeasured: isMeasured,
                    pace: pace
                )
                crew.onArrival = { [weak ramp] in ramp?.pump() }
                ramp.start()
                return NIOLoopBound(ramp, eventLoop: crew.loop)
            }.get()
            ramps.append(ramp)
        }
        return Ramps(all: ramps)
    }
}

/// The ramps of all crews.
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
