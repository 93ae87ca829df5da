import ChatClient
import ChatCore
import NIOCore

/// How long clients took to connect, log in and join, step by step.
struct Arrivals: Sendable {
    var connect = Latency()
    var upgrade = Latency()
    var login = Latency()
    /// From `join` to `synced`; empty in the plain dialect.
    var join = Latency()
    /// The time from when the client was scheduled to connect until it was logged in and had joined.
    var whole = Latency()

    static func + (left: Arrivals, right: Arrivals) -> Arrivals {
        Arrivals(
            connect: left.connect + right.connect,
            upgrade: left.upgrade + right.upgrade,
            login: left.login + right.login,
            join: left.join + right.join,
            whole: left.whole + right.whole
        )
    }
}

/// Reasons, with how often each was given.
typealias Reasons = [String: Int]

/// One event loop's share of the load generator's clients. On: its loop.
final class ClientGroup {
    let loop: any EventLoop
    let index: Int
    let plan: BenchPlan
    let connector: ClientConnector
    /// When the bytes that are being handled were read.
    var now = Instant.distantPast
    var bytes = 0
    var pings = 0
    var arrivals = Arrivals()
    /// The clients that are logged in, by number.
    private(set) var clients: [Int: BenchClient] = [:]
    /// The number of clients that have logged in at any time.
    private(set) var cameIn = 0
    /// Why clients could not log in.
    private(set) var turnedAway: Reasons = [:]
    /// Why clients that were logged in have ended.
    private(set) var ends: Reasons = [:]
    /// Why clients that were on their way in had to try again.
    var postponed: Reasons = [:]
    /// Clients that are connecting or logging in, by number.
    private var arriving: [Int: BenchClient] = [:]
    /// The messages between the clients, if this run has some.
    var traffic: Traffic?
    /// The storm that takes clients away and has them come back, if the run has one.
    var storm: Storm?
    /// Called with each client that has logged in.
    var onEntry: ((BenchClient) -> Void)?
    /// Called when an attempt to log in has ended, successfully or not.
    var onArrival: (() -> Void)?

    init(on loop: any EventLoop, index: Int, plan: BenchPlan) {
        self.loop = loop
        self.index = index
        self.plan = plan
        var settings = ClientSettings()
        settings.subprotocol = plan.codec.dialect.subprotocol
        connector = ClientConnector(on: loop, settings: settings)
    }

    /// Connects a client.
    func invite(_ number: Int, place: Int?, meantToCome: Instant) {
        let client = BenchClient(
            number: number,
            place: place,
            group: self,
            meantToCome: meantToCome
        )
        arriving[number] = client
        client.come()
    }

    /// The number of clients that are connecting or logging in.
    var underway: Int { arriving.count }

    /// Gives up all clients that are not logged in yet.
    func giveUpWaiting() {
        for client in arriving.values { client.giveUp("no answer to the login") }
    }

    /// Ends all clients at once, with resets.
    func cutAll() {
        storm?.end()
        storm = nil
        clients = clients.filter { $1.connection != nil }
        for client in clients.values { client.cut() }
        for client in arriving.values { client.cut() }
    }

    // MARK: Events of clients

    func cameIn(_ client: BenchClient) {
        if let storm, clients[client.number] != nil { return storm.cameBack(client) }
        arriving[client.number] = nil
        clients[client.number] = client
        cameIn += 1
        onEntry?(client)
        onArrival?()
    }

    func didNotComeIn(_ client: BenchClient, _ reason: String) {
        if let storm, clients[client.number] != nil { return storm.didNotComeBack(client, reason) }
        arriving[client.number] = nil
        turnedAway[reason, default: 0] += 1
        onArrival?()
    }

    func heard(_ text: RawSpan, by client: BenchClient) {
        // What comes before the run's messages moves the client on, and nothing counts how far.
        if let traffic { traffic.heard(text, by: client) } else { client.joinedSeq = nil }
        storm?.heard(text, by: client)
    }

    func lost(_ client: BenchClient, _ end: ConnectionEnd) {
        if let storm, !client.isLeaving { return storm.lost(client, end) }
        clients[client.number] = nil
        guard !client.isLeaving else { return }
        note(end)
        traffic?.left(client)
    }

    func note(_ end: ConnectionEnd) { ends["\(end)", default: 0] += 1 }
}
