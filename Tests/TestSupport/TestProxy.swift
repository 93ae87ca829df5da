import Foundation
import Synchronization

/// A proxy between a node and its Redis that can drop answers, like a half-open connection, on
/// which everything seems to be sent and nothing is received; or pass nothing on at all.
public final class TestProxy: Sendable {
    /// The port on which it listens.
    public let port: Int
    private let listener: TestListener
    private let text: [UInt8]
    private let state: Mutex<State>

    private struct State {
        /// The port to which new connections are passed on.
        var target: Int
        var isOver = false
        var isCut = false
        var swallowsLeft: Int
        var swallowed = 0
        /// The number of connections so far.
        var count = 0
        /// Which connections are silent: the text that was sent on them, and how many connections
        /// there had been by then.
        var silences: [(text: [UInt8], count: Int)] = []
    }

    /// Both sides of a connection.
    private struct Pair {
        let client: TestSocket
        let server: TestSocket
        let number: Int
        var isDeaf = false
        /// The beginning of what the client has sent, by which the connection is recognized.
        var said: [UInt8] = []
    }

    /// The bytes in which a connection is recognized: its handshake, and the scripts after it.
    private static let introductionBytes = 1024

    /// Passes on to a port of this machine, until `close`. On the first `count` connections on
    /// which `text` is sent, every answer from then on is dropped.
    public init(to target: Int, swallowing count: Int = 0, after text: String = "") throws {
        listener = try TestListener()
        port = listener.port
        self.text = Array(text.utf8)
        state = Mutex(State(target: target, swallowsLeft: count))
        Thread { self.serve() }.start()
    }

    /// Ends the proxy and all of its connections.
    public func close() {
        state.withLock { $0.isOver = true }
        // A connection wakes its thread.
        _ = try? TestSocket(port: port)
    }

    /// Ends all connections, and each that is made until `mend`.
    public func cut() {
        state.withLock { $0.isCut = true }
        // A connection wakes its thread.
        _ = try? TestSocket(port: port)
    }

    /// Passes connections on again.
    public func mend() { state.withLock { $0.isCut = false } }

    /// Passes new connections on to another port from now on, as an address that a failover moves.
    public func redirect(to target: Int) { state.withLock { $0.target = target } }

    /// Passes nothing more on, in either direction, over the present connections whose client has
    /// sent `text` at the beginning; neither side is told.
    public func silence(connectionsThatSaid text: String) {
        state.withLock { $0.silences.append((Array(text.utf8), $0.count)) }
    }

    /// The number of connections whose answers are dropped.
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
            if state.withLock({ $0.isCut }) {
                pairs = []
                if ready[0] { _ = try? listener.accept() }
                continue
            }
            let ended = pairs.indices.filter { index in
                (ready[1 + 2 * index] && !pass(&pairs[index], fromClient: true))
                    || (ready[2 + 2 * index] && !pass(&pairs[index], fromClient: false))
            }
            for index in ended.reversed() { pairs.remove(at: index) }
            if ready[0], let client = try? listener.accept(),
                let server = try? TestSocket(port: state.withLock { $0.target })
            {
                let number = state.withLock { state in
                    defer { state.count += 1 }
                    return state.count
                }
                pairs.append(Pair(client: client, server: server, number: number))
            }
        }
    }

    /// Passes on what one side sends. Returns false if that side has ended.
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
