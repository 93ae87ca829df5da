import ArgumentParser
import ChatCore
import CoreMetrics
import Glibc
import Logging

/// `chatnode serve`: runs a node until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a node.",
        discussion: """
            EXAMPLES
              chatnode                                  on 127.0.0.1:4567, with the page at /
              chatnode --host 0.0.0.0 --port 8080       for everybody who can reach this machine
              chatnode --config /etc/chatnode.yaml --log-format json

            Flags win over CHAT_… in the environment, those over the file, that over the defaults.
            Ctrl-C or SIGTERM lets clients leave in good order; a second one leaves at once. The
            end of its terminal (SIGHUP) does the same as the first; without a terminal, SIGHUP has
            the file with Redis's password read again.
            """
    )

    @OptionGroup var flags: ServeFlags

    func run() async throws {
        let began = Clock.now
        Signals.ignoreBrokenPipes()
        let requests = Signals.requests()
        let environment = processEnvironment()
        let configuration = try Self.load(flags.values, environment)
        Log.bootstrap(
            level: configuration.logLevel,
            format: configuration.logFormat,
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

    private static func load(
        _ flags: [String: String],
        _ environment: [String: String]
    ) throws -> Configuration {
        do {
            return try Configuration.load(flags: flags, environment: environment)
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(error.exitCode)
        }
    }

    private static func start(_ configuration: Configuration) async throws -> Node {
        let metrics = MetricsRegistry()
        // What libraries count is shown with the rest.
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

    /// Does what is asked until the first request to leave, or until the node cannot go on, then leaves; a
    /// second request ends the process at once, unless it is the terminal's.
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
                    + " \(configuration.drainTimeout) (again to leave now)"
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

    /// Waits until the node has to leave. Nil: because it was asked to.
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
