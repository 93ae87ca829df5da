import ChatClient
import ChatCore
import ChatSupport
import NIOCore

/// Takes clients of one group away and has them come back, and measures how long that takes and what the
/// others hear meanwhile. On: its group's loop.
final class Storm {
    /// One client's way back.
    struct Resume: Sendable {
        let client: Int
        /// When it offered to come back, counted from the beginning of the storm.
        let offered: Duration
        /// From then until it was told `synced`.
        let took: Duration
        /// How often it had connected in vain before.
        let tries: Int
    }

    struct Counts: Sendable {
        var resumes: [Resume] = []
        /// Messages that clients got while they came back, and how long after they were meant to leave.
        var missed = Latency()
        /// Deliveries to clients that stayed, or were there at the time: before the storm, and in it.
        var stayedBefore = Latency()
        var stayedDuring = Latency()
        /// Logins with a secret that did not go on where the one before was.
        var notResumed = 0
        /// Joins from a position after which not everything was kept.
        var notRecovered = 0
        /// The messages that are lost, as the server says.
        var gaps = 0
        /// Clients that were still away when they were to be cut again.
        var stillAway = 0
    }

    /// A client that is away.
    private struct Absence {
        var offered: Instant
        var tries = 0
        var isScheduled = true
    }

    /// The bounds of the random wait after a failure: that of the first, and the longest
    /// (docs/protocol/README.md, "full jitter").
    private static let shortestBound = 0.5
    private static let longestBound = 20.0

    let plan: StormPlan
    private(set) var counts = Counts()
    private let group: ClientGroup
    private var away: [Int: Absence] = [:]
    private var start: Instant?
    private var isMeasuring = true
    private var isCutting = true
    private var isOver = false

    init(_ plan: StormPlan, in group: ClientGroup) {
        self.plan = plan
        self.group = group
    }

    /// The number of clients that are away, or will be soon.
    var awayCount: Int { away.count }

    private func takes(_ client: BenchClient) -> Bool {
        let own = group.plan.target(of: client.number)
        return plan.takes(client.number, of: own, among: group.plan.targets.count)
    }

    func route(of client: BenchClient) -> BenchPlan.Route {
        guard start != nil else { return group.plan.route(client.number) }
        let index = plan.address(
            of: client.number,
            own: group.plan.target(of: client.number),
            among: group.plan.targets.count,
            tries: away[client.number]?.tries ?? 0
        )
        return group.plan.route(client.number, to: index)
    }

    // MARK: Phases

    /// Begins the storm.
    func begin(at start: Instant) {
        self.start = start
        for client in group.clients.values where takes(client) {
            switch plan.kind {
            case .jitter: cut(client, at: start + plan.firstCut(of: client.number))
            case .avalanche:
                leave(client, offered: start + plan.offer(of: client.number))
                if !plan.isByCommand { client.drop() }
            }
        }
    }

    /// Notes that all clients are back, or that the time is up: what is delivered from now on is not
    /// measured as during the storm.
    func calm() { isMeasuring = false }

    /// Cuts no more clients; those that are away still come back.
    func stopCutting() { isCutting = false }

    /// Ends everything.
    func end() { (isCutting, isOver, isMeasuring) = (false, true, false) }

    private func cut(_ client: BenchClient, at moment: Instant) {
        guard case .jitter(let every) = plan.kind else { return }
        later(moment) { storm in
            guard storm.isCutting else { return }
            storm.cut(client, at: moment + every)
            guard client.isInside, storm.away[client.number] == nil else {
                return storm.counts.stillAway += 1
            }
            storm.leave(client, offered: moment + storm.plan.offer(of: client.number))
            client.drop()
        }
    }

    private func leave(_ client: BenchClient, offered: Instant) {
        away[client.number] = Absence(offered: offered)
        comeBack(client, at: offered)
    }

    private func comeBack(_ client: BenchClient, at moment: Instant) {
        later(moment) { storm in
            guard !storm.isOver, let absence = storm.away[client.number],
                // The storm may have begun since, and have given it a later moment.
                Clock.now >= absence.offered
            else { return }
            storm.away[client.number]?.isScheduled = false
            client.comeBack(offered: absence.offered)
        }
    }

    private func later(_ moment: Instant, _ body: @escaping (Storm) -> Void) {
        let wait = TimeAmount.nanoseconds(max(0, (moment - Clock.now).inNanoseconds))
        group.loop.assumeIsolated().scheduleTask(in: wait) { [self] in body(self) }
    }
}

// MARK: - Events of clients

extension Storm {
    func cameBack(_ client: BenchClient) {
        guard let absence = away.removeValue(forKey: client.number), let start else { return }
        counts.resumes.append(
            Resume(
                client: client.number,
                offered: absence.offered - start,
                took: Clock.now - absence.offered,
                tries: absence.tries
            )
        )
        group.traffic?.cameBack(client)
    }

    func didNotComeBack(_ client: BenchClient, _ reason: String) {
        guard !isOver, let absence = away[client.number], !absence.isScheduled else { return }
        group.postponed[reason, default: 0] += 1
        let doubled = Self.shortestBound * Double(1 << min(absence.tries, 16))
        away[client.number]?.tries += 1
        away[client.number]?.isScheduled = true
        let wait = Double.random(in: 0...min(Self.longestBound, doubled))
        comeBack(client, at: Clock.now + .seconds(wait))
    }

    /// Takes the end of a client's connection. One that the storm does not take comes back as well.
    func lost(_ client: BenchClient, _ end: ConnectionEnd) {
        guard !isOver, away[client.number] == nil else { return }
        group.note(end)
        leave(client, offered: Clock.now + .seconds(.random(in: 0...Self.shortestBound)))
    }

    func loggedIn(_ client: BenchClient, _ answer: HeardMessage) {
        if away[client.number] != nil, answer.isResumed != true { counts.notResumed += 1 }
    }

    func joined(_ client: BenchClient, _ answer: HeardMessage) {
        if client.resumePoint.isReturning, answer.isRecovered != true { counts.notRecovered += 1 }
    }

    /// Takes a message that a client was sent in its room.
    func heard(_ text: RawSpan, by client: BenchClient) {
        guard let heard = group.plan.codec.read(text), let seq = heard.seq,
            let mid = StampCodec.mid(of: text)
        else {
            if let message = HeardMessage(text) { heardOther(message, by: client) }
            return
        }
        client.resumePoint.move(to: seq, mid)
        let intended = heard.stamp.intended
        let latency = group.now - intended
        guard client.isInside else { return counts.missed.record(latency) }
        if case .avalanche = plan.kind, takes(client) { return }
        guard let start, intended >= start else { return counts.stayedBefore.record(latency) }
        if isMeasuring { counts.stayedDuring.record(latency) }
    }

    func heardOther(_ message: HeardMessage, by client: BenchClient) {
        switch message.type {
        case "chat", "reset": client.resumePoint.take(position: message)
        case "gap": counts.gaps += 1
        default: break
        }
    }
}
