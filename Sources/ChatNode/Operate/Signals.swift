@preconcurrency import Dispatch
import Glibc

/// The signals that end a node: the first asks it to leave, the second to do so now.
enum Signals {
    /// SIGINT and SIGTERM, as they come. Ask once per process: from then on they do nothing else.
    static func stopRequests() -> AsyncStream<CInt> {
        let (stream, continuation) = AsyncStream.makeStream(of: CInt.self)
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        continuation.onTermination = { _ in
            for source in sources { source.cancel() }
        }
        return stream
    }

    /// A write to a connection that the peer has closed is an error of that write, not the end of
    /// the process.
    static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
