import ChatClient
import ChatCore
import NIOCore

/// How long it took clients to come in, step by step.
struct Arrivals: Sendable {
    var connect = Latency()
    var upgrade = Latency()
    var login = Latency()
    /// From when the client was meant to come to when it was logged in.
    var whole = Latency()

    static func + (left: Arrivals, right: Arrivals) -> Arrivals {
        Arrivals(
            connect: left.connect + right.connect,
            upgrade: left.upgrade + right.upgrade,
            login: left.login + right.login,
            whole: left.whole + right.whole
        )
    }
}

/// Reasons, with how often each was given.
typealias Reasons = [String: Int]

/// One event loop's share of the load generator's clients. On: its loop.
final class Crew {
    let loop: any EventLoop
    let index: Int
    let plan: BenchPlan
    let connector: ClientConnector
    /// When the bytes at hand were read.
    var now = Instant.distantPast
    var bytes = 0
    var pings = 0
    var arrivals = Arrivals()
    /// Who is logged in, by number.
    private(set) var clients: [Int: BenchClient] = [:]
    /// Clients that came in at some time.
    private(set) var cameIn = 0
    /// Why clients did not come in.
    private(set) var turnedAway: Reasons = [:]
    /// Why clients that were in are not any more.
    private(set) var ends: Reasons = [:]
    /// Clients on their way in, by number.
    private var arriving: [Int: BenchClient] = [:]
    /// The messages between them, if this run has some.
    var traffic: Traffic?
    /// Told who has come in.
    var onEntry: ((BenchClient) -> Void)?
    /// Told when one client less is on its way, in or not.
    var onArrival: (() -> Void)?

    init(on loop: any EventLoop, index: Int, plan: BenchPlan) {
        self.loop = loop
        self.index = index
        self.plan = plan
        connector = ClientConnector(on: loop)
    }

    /// Has a client come in.
    func invite(_ number: Int, place: Int?, meantToCome: Instant) {
        let client = BenchClient(
            number: number,
            place: place,
            crew: self,
            meantToCome: meantToCome
        )
        arriving[number] = client
        client.come()
    }

    /// How many clients are on their way in.
    var underway: Int { arriving.count }

    /// Whoever is still on the way is not waited for.
    func giveUpWaiting() {
        for client in arriving.values { client.giveUp("no answer to the login") }
    }

    /// All clients leave at once, with resets.
    func cutAll() {
        for client in clients.values { client.cut() }
        for client in arriving.values { client.cut() }
    }

    // MARK: What clients tell

    func cameIn(_ client: BenchClient) {
        arriving[client.number] = nil
        clients[client.number] = client
        cameIn += 1
        onEntry?(client)
        onArrival?()
    }

    func didNotComeIn(_ client: BenchClient, _ reason: String) {
        arriving[client.number] = nil
        turnedAway[reason, default: 0] += 1
        onArrival?()
    }

    func heard(_ text: RawSpan, by client: BenchClient) {
        traffic?.heard(text, by: client)
    }

    func lost(_ client: BenchClient, _ end: ConnectionEnd) {
        clients[client.number] = nil
        guard !client.isLeaving else { return }
        ends["\(end)", default: 0] += 1
        traffic?.left(client)
    }
}
