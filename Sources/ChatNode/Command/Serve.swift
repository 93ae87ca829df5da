import ArgumentParser
import ChatCore
import ChatSupport
import CoreMetrics
import Glibc
import Logging

/// `chatnode serve`: runs a node until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a node.",
        discussion: """
            EXAMPLES
              chatnode                              on 127.0.0.1:4567, with a page at /
              chatnode --host 0.0.0.0 --port 8080   for all that can reach this machine
              chatnode --config /etc/chatnode.yaml --log-format json

            Flags win over CHAT_… in the environment, those over the file, that over the
            defaults; `chatnode config show` shows what applies. Ctrl-C or SIGTERM lets
            clients leave in good order; a second one leaves at once. The end of the
            terminal (SIGHUP) does the same as the first; without a terminal, SIGHUP has
            the file with Redis's password read again.

            EXIT CODES, as in sysexits.h
              0    left in good order
              64   wrong arguments, or a wrong value in a flag
              68   the host to listen on is not known
              70   a fault of the program or the system that has no code of its own
              71   too few descriptors or threads
              73   the operators' socket cannot be made
              75   another process listens there already
              77   a port below 1024, or others can change the operators' folder
              78   a wrong value in the environment or the file, an unreadable file, or a
                   Redis that no node can use: a restart does not help
              128 and the signal's number: left at once
            """
    )

    @OptionGroup var flags: ServeFlags

    func run() async throws {
        let began = Clock.now
        Signals.ignoreBrokenPipes()
        let requests = Signals.requests()
        let environment = processEnvironment()
        let configuration = try flags.configuration(environment)
        Log.bootstrap(
            level: configuration.log.level,
            format: configuration.log.format,
            environment: environment
        )
        let node = try await Self.start(configuration)
        let greeting = Task {
            guard try await node.isReady() else { return }
            let banner = Banner(
                node: node,
                configuration,
                Descriptors.limit,
                took: Clock.now - began
            )
            Terminal.say(banner.text)
        }
        defer { greeting.cancel() }
        try await Self.serve(node, configuration, as: requests)
    }

    private static func start(_ configuration: Configuration) async throws -> Node {
        let metrics = MetricsRegistry()
        // So the figures that libraries count are shown with ours.
        MetricsSystem.bootstrap(CellFactory(registry: metrics, writers: .many))
        do {
            let log = Logger(label: "chatnode")
            return try await Node.start(configuration, log: log, metrics: metrics)
        } catch {
            let trouble = StartTrouble(error, configuration)
            Terminal.complain(trouble.description)
            throw ExitCode(trouble.exitCode)
        }
    }

    private enum Event {
        case request(SignalRequest)
        case failure(NodeFailure)
    }

    /// Carries out requests until the first one to leave, or until the node cannot go on; then leaves.
    /// A second request to leave ends the process at once, unless it comes from the terminal's end.
    private static func serve(
        _ node: Node,
        _ configuration: Configuration,
        as requests: AsyncStream<SignalRequest>
    ) async throws {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        Task { for await request in requests { continuation.yield(.request(request)) } }
        Task { for await failure in node.state.failures { continuation.yield(.failure(failure)) } }
        let failure = await Self.failure(of: node, among: events)
        if let failure { Terminal.complain(failure.description) }
        if failure == nil || node.state.connections > 0 {
            Terminal.say(
                "draining \(node.state.connections) clients for up to"
                    + " \(configuration.node.drainTimeout) (again to leave now)"
            )
        }
        let leavesAtOnce = Task {
            for await event in events {
                guard case .request(.leave(let signal)) = event else { continue }
                Terminal.say("stopped without waiting")
                Glibc.exit(128 + signal)
            }
        }
        let farewell = try await node.leave()
        leavesAtOnce.cancel()
        Terminal.say("stopped: \(farewell.closed) closed cleanly, \(farewell.forced) forced")
        if let failure { throw ExitCode(failure.exitCode) }
    }

    /// Waits until the node has to leave. Returns why it cannot go on; nil if it was asked to leave.
    private static func failure(of node: Node, among events: AsyncStream<Event>) async
        -> NodeFailure?
    {
        for await event in events {
            switch event {
            case .request(.readAgain): node.readAgain()
            case .request: return nil
            case .failure(let failure): return failure
            }
        }
        return nil
    }
}
