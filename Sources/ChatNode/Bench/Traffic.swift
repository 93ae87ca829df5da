import ChatClient
import ChatCore
import NIOCore

/// How messages are sent.
enum Load: Sendable {
    /// So many a second over all senders, whatever became of those before.
    case open(perSecond: Double)
    /// Each sender has so many on their way: the next leaves when the last recipient has one.
    case closed(inFlight: Int)
}

/// The messages of one crew's senders, and what its recipients hear. On: its loop.
final class Traffic {
    /// When messages are sent, and from when to when they are measured: by intended times.
    struct Window: Sendable {
        let start: Instant
        let measuredFrom: Instant
        let end: Instant
    }

    struct Counts: Sendable {
        /// Messages, by sender; of this crew's senders.
        var sent: [UInt32]
        /// Messages that were meant to leave within the window.
        var sentMeasured = 0
        /// Those of them that the last recipient has, of this crew's senders.
        var completeMeasured = 0
        var complete = 0
        /// Receipts of messages of the window, and of all.
        var deliveriesMeasured = 0
        var deliveries = 0
        /// Of other people, or of clients that only make noise.
        var foreign = 0
        /// From the intended time to each receipt, and to the last one.
        var latency = Latency()
        var toLast = Latency()
        /// From the intended time to when the message really left.
        var lateness = Latency()
        /// Answers `error`, and names lost, by code.
        var refused: Reasons = [:]
    }

    /// Told of each message that all of the crew's recipients have: to its sender's crew.
    typealias Report =
        @Sendable (_ sender: Int, _ number: UInt32, _ intended: Instant, _ at: Instant) -> Void

    /// Told when the crew has no recipients any more: to all crews, with the number of each sender's
    /// first message that has not been reported.
    typealias Leave = @Sendable (_ reported: [UInt32]) -> Void

    /// One sender of this crew.
    private struct Lane {
        let sender: Int
        let client: BenchClient
        var message: [UInt8]
    }

    /// Messages that leave before the loop sees to its sockets again.
    private static let sendsPerTurn = 64

    private let crew: Crew
    private let senders: Int
    private let window: Window
    private let load: Load
    private let report: Report
    private let leave: Leave
    /// Together, so that a message heard is one access to this object: each is checked to be the
    /// only one, and that costs as much as the rest.
    private var books: Books
    /// Crews that have not all of a message of this crew's senders.
    private var crewsLacking: Audience
    private var lanes: [Lane] = []
    private var laneOfSender: [Int: Int] = [:]
    private var pace: Pace?
    private(set) var isSending = true
    private var isFlushing = false
    private var hasStarted = false
    private var hasLeft = false
    private var timer: Scheduled<Void>?

    init(
        crew: Crew,
        recipients: Int,
        senders: Int,
        crews: Int,
        window: Window,
        load: Load,
        report: @escaping Report,
        leave: @escaping Leave
    ) {
        self.crew = crew
        self.senders = senders
        self.window = window
        self.load = load
        self.report = report
        self.leave = leave
        // Some may be gone already.
        let present = crew.clients.values.count { $0.place != nil }
        books = Books(
            ledger: Ledger(recipients: recipients, senders: senders),
            audience: Audience(senders: senders, recipients: present),
            counts: Counts(sent: Array(repeating: 0, count: senders))
        )
        crewsLacking = Audience(senders: senders, recipients: crews)
    }

    var counts: Counts { books.counts }
    var ledger: Ledger { books.ledger }
}

// MARK: - Sending

extension Traffic {
    /// Begins to send when the window opens. All crews have their traffic.
    func start() {
        hasStarted = true
        leaveIfEmpty()
        for sender in 0..<senders {
            guard let client = crew.clients[sender] else { continue }
            laneOfSender[sender] = lanes.count
            let message = crew.plan.envelope.message(from: client.name)
            lanes.append(Lane(sender: sender, client: client, message: message))
        }
        switch load {
        case .open(let perSecond):
            pace = Pace(
                start: window.start,
                perSecond: perSecond,
                lanes: lanes.map(\.sender),
                of: senders
            )
            sendWhenDue()
        case .closed(let inFlight):
            later(window.start) { traffic in
                for _ in 0..<inFlight {
                    for lane in traffic.lanes.indices { traffic.send(lane, intended: Clock.now) }
                }
                traffic.later(traffic.window.end) { $0.isSending = false }
            }
        }
    }

    func stop() {
        isSending = false
        timer?.cancel()
    }

    private func sendWhenDue() {
        guard isSending, let next = pace?.next, next < window.end else { return isSending = false }
        later(next) { traffic in
            for _ in 0..<Self.sendsPerTurn {
                guard let due = traffic.pace?.take(dueAt: Clock.now) else { break }
                guard due.intended < traffic.window.end else { break }
                traffic.send(due.lane, intended: due.intended)
            }
            traffic.sendWhenDue()
        }
    }

    private func later(_ time: Instant, _ body: @escaping (Traffic) -> Void) {
        let wait = TimeAmount.nanoseconds(max(0, (time - Clock.now).inNanoseconds))
        timer = crew.loop.assumeIsolated().scheduleTask(in: wait) { [self] in body(self) }
    }

    private func send(_ lane: Int, intended: Instant) {
        guard lanes[lane].client.connection != nil else { return }
        let sender = lanes[lane].sender
        let stamp = Stamp(
            sender: UInt32(sender),
            number: books.counts.sent[sender],
            intended: intended
        )
        crew.plan.envelope.stamp(&lanes[lane].message, stamp)
        lanes[lane].client.say(lanes[lane].message)
        books.counts.sent[sender] += 1
        if window.measures(intended) {
            books.counts.sentMeasured += 1
            books.counts.lateness.record(Clock.now - intended)
        }
        flushSoon()
    }

    /// At the end of the loop's turn: what was said in it leaves together.
    private func flushSoon() {
        guard !isFlushing else { return }
        isFlushing = true
        crew.loop.assumeIsolated().execute { [self] in
            isFlushing = false
            for lane in lanes { lane.client.connection?.flush() }
        }
    }
}

extension Traffic.Window {
    /// By when it was meant to leave.
    func measures(_ intended: Instant) -> Bool {
        intended >= measuredFrom && intended < end
    }
}

// MARK: - Hearing

extension Traffic {
    func heard(_ text: RawSpan, by client: BenchClient) {
        guard let place = client.place else { return }
        guard let heard = crew.plan.envelope.read(text) else {
            return hearOther(text, at: place)
        }
        hear(heard, at: place)
    }

    private func hear(_ heard: Envelope.Heard, at place: Int) {
        let (stamp, now) = (heard.stamp, crew.now)
        guard books.hear(heard, at: place, now: now, senders, window) else { return }
        report(Int(stamp.sender), stamp.number, stamp.intended, now)
    }

    /// Not as a node writes our messages: parsed as JSON.
    private func hearOther(_ text: RawSpan, at place: Int) {
        guard let message = HeardMessage(text) else { return books.counts.foreign += 1 }
        if let heard = crew.plan.envelope.read(message) { return hear(heard, at: place) }
        switch message.type {
        case "error": books.counts.refused[message.code ?? "error", default: 0] += 1
        case "logged_out": books.counts.refused[message.reason ?? "logged_out", default: 0] += 1
        default:
            books.counts.foreign += 1
            if let seq = message.seq { books.ledger.place(seq, at: place) }
        }
    }

    /// All recipients of one crew have a message of one of this crew's senders. With several crews
    /// the last report counts, which comes later than the last receipt by a hop between loops only
    /// if another one overtook it.
    func complete(_ sender: Int, _ number: UInt32, _ intended: Instant, at time: Instant) {
        guard crewsLacking.hear(sender: sender, number: number) else { return }
        settle(sender, intended, at: time)
    }

    /// One crew less has recipients.
    func crewLeft(reported: [UInt32]) {
        for (sender, _) in crewsLacking.leave(heard: { reported[$0] }) {
            settle(sender, .distantPast, at: Clock.now)
        }
    }

    private func settle(_ sender: Int, _ intended: Instant, at time: Instant) {
        books.counts.complete += 1
        if window.measures(intended) {
            books.counts.completeMeasured += 1
            books.counts.toLast.record(time - intended)
        }
        guard case .closed = load, isSending, let lane = laneOfSender[sender] else { return }
        send(lane, intended: Clock.now)
    }

    /// A recipient is gone: the others' messages are complete without it.
    func left(_ client: BenchClient) {
        guard let place = client.place else { return }
        let ledger = books.ledger
        let complete = books.audience.leave { ledger.next(of: $0, at: place) }
        for (sender, number) in complete {
            report(sender, number, .distantPast, Clock.now)
        }
        leaveIfEmpty()
    }

    private func leaveIfEmpty() {
        guard hasStarted, books.audience.isEmpty, !hasLeft else { return }
        hasLeft = true
        leave((0..<senders).map { books.audience.next(of: $0) })
    }
}

/// What is noted of each message heard.
private struct Books {
    var ledger: Ledger
    var audience: Audience
    var counts: Traffic.Counts

    /// True: the last of the crew's recipients has it now.
    mutating func hear(
        _ heard: Envelope.Heard,
        at place: Int,
        now: Instant,
        _ senders: Int,
        _ window: Traffic.Window
    ) -> Bool {
        let stamp = heard.stamp
        guard stamp.sender < senders else {
            counts.foreign += 1
            if let seq = heard.seq { ledger.place(seq, at: place) }
            return false
        }
        guard ledger.hear(heard, at: place) else { return false }
        counts.deliveries += 1
        if window.measures(stamp.intended) {
            counts.deliveriesMeasured += 1
            counts.latency.record(nanoseconds: now.nanoseconds &- stamp.intended.nanoseconds)
        }
        return audience.hear(sender: Int(stamp.sender), number: stamp.number)
    }
}
