@preconcurrency import Dispatch
import Glibc

/// What a person, or the process's supervisor, asks the process by a signal.
package enum SignalRequest: Equatable, Sendable {
    /// A request to leave, because of that signal; a second one, to do so now.
    case leave(CInt)
    /// A request to leave, because the terminal is gone. Several of these may come at once: the
    /// terminal tells the shell, and the shell its children.
    case terminalIsGone
    /// A request to read again what can be read again.
    case readAgain
}

/// The signals that the process gets from outside.
package enum Signals {
    /// Returns the signals SIGINT and SIGTERM, as they come. Call it once per process: from then on
    /// they do nothing else.
    package static func stopRequests() -> AsyncStream<CInt> {
        stream(of: [SIGINT, SIGTERM]) { $0 }
    }

    /// Returns SIGINT, SIGTERM and SIGHUP as requests, as they come. Call it once per process, at
    /// its start.
    ///
    /// SIGHUP means that the terminal is gone if there is one, and asks a service to read again.
    /// Under nohup(1), which ignores it for its child, it means nothing.
    package static func requests() -> AsyncStream<SignalRequest> {
        let hasTerminal = hasControllingTerminal
        let isIgnored = hasTerminal && ignores(SIGHUP)
        return stream(of: [SIGINT, SIGTERM] + (isIgnored ? [] : [SIGHUP])) { number in
            guard number == SIGHUP else { return .leave(number) }
            return hasTerminal ? .terminalIsGone : .readAgain
        }
    }

    /// Makes a write to a connection that the peer has closed an error of that write, not the end
    /// of the process.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    private static func stream<Request: Sendable>(
        of numbers: [CInt],
        _ request: @escaping @Sendable (CInt) -> Request
    ) -> AsyncStream<Request> {
        let (stream, continuation) = AsyncStream.makeStream(of: Request.self)
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(request(number)) }
            source.resume()
            return source
        }
        continuation.onTermination = { _ in
            for source in sources { source.cancel() }
        }
        return stream
    }

    /// Whether the process has a controlling terminal: only then can it open `/dev/tty` (tty(4)).
    private static var hasControllingTerminal: Bool {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    private static func ignores(_ number: CInt) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        let ignore = unsafeBitCast(SIG_IGN, to: Int.self)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == ignore
    }
}
