import Foundation
import Synchronization

/// Stands between a node and its Redis and can swallow answers: what a half-open connection looks
/// like, on which everything seems to be said and nothing is heard; or pass nothing on at all.
public final class TestProxy: Sendable {
    /// Where it listens.
    public let port: Int
    private let listener: TestListener
    private let target: Int
    private let text: [UInt8]
    private let state: Mutex<State>

    private struct State {
        var isOver = false
        var swallowsLeft: Int
        var swallowed = 0
        /// Connections so far.
        var count = 0
        /// Which are silent: what was said on them, and how many there had been by then.
        var silences: [(text: [UInt8], count: Int)] = []
    }

    /// Both sides of a connection.
    private struct Pair {
        let client: TestSocket
        let server: TestSocket
        let number: Int
        var isDeaf = false
        /// The beginning of what its client has said: who it is.
        var said: [UInt8] = []
    }

    /// A connection's introduction, and scripts behind it.
    private static let introductionBytes = 1024

    /// Passes on to a port of this machine, until `close`. Of the first connections on which something
    /// with that text is said, everything that is answered from then on is swallowed.
    public init(to target: Int, swallowing count: Int = 0, after text: String = "") throws {
        listener = try TestListener()
        port = listener.port
        self.target = target
        self.text = Array(text.utf8)
        state = Mutex(State(swallowsLeft: count))
        Thread { self.serve() }.start()
    }

    /// Ends it, and every connection that it passes.
    public func close() {
        state.withLock { $0.isOver = true }
        // So that it notices.
        _ = try? TestSocket(port: port)
    }

    /// Passes nothing more on, in either direction, over the connections that there are now on which
    /// something with that text was said first; nobody is told.
    public func silence(connectionsThatSaid text: String) {
        state.withLock { $0.silences.append((Array(text.utf8), $0.count)) }
    }

    /// How many connections have been made deaf.
    public var swallowed: Int { state.withLock { $0.swallowed } }

    private func serve() {
        var pairs: [Pair] = []
        while !state.withLock({ $0.isOver }) {
            let sockets = pairs.flatMap { [$0.client.descriptor, $0.server.descriptor] }
            var polls = ([listener.descriptor] + sockets).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
            let ready = polls.map { $0.revents != 0 }
            let ended = pairs.indices.filter { index in
                (ready[1 + 2 * index] && !pass(&pairs[index], fromClient: true))
                    || (ready[2 + 2 * index] && !pass(&pairs[index], fromClient: false))
            }
            for index in ended.reversed() { pairs.remove(at: index) }
            if ready[0], let client = try? listener.accept(),
                let server = try? TestSocket(port: target)
            {
                let number = state.withLock { state in
                    defer { state.count += 1 }
                    return state.count
                }
                pairs.append(Pair(client: client, server: server, number: number))
            }
        }
    }

    /// False: that side has ended.
    private func pass(_ pair: inout Pair, fromClient: Bool) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        let source = fromClient ? pair.client : pair.server
        let count = recv(source.descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        let bytes = Array(chunk[..<count])
        guard !isSilent(pair) else { return true }
        if fromClient { pair.said += bytes.prefix(Self.introductionBytes - pair.said.count) }
        if fromClient, !pair.isDeaf, bytes.firstRange(of: text) != nil {
            pair.isDeaf = takeSwallow()
        }
        guard fromClient || !pair.isDeaf else { return true }
        return (try? (fromClient ? pair.server : pair.client).send(bytes)) != nil
    }

    private func isSilent(_ pair: Pair) -> Bool {
        state.withLock { state in
            state.silences.contains {
                pair.number < $0.count && pair.said.firstRange(of: $0.text) != nil
            }
        }
    }

    private func takeSwallow() -> Bool {
        state.withLock { state in
            guard state.swallowsLeft > 0 else { return false }
            state.swallowsLeft -= 1
            state.swallowed += 1
            return true
        }
    }
}
