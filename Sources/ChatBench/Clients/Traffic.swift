import ChatClient
import ChatCore
import ChatSupport
import NIOCore

/// How messages are sent.
enum Load: Sendable {
    /// A number of messages per second over all senders, whatever became of those before.
    case open(perSecond: Double)
    /// Each sender has `inFlight` messages on their way: the next leaves when the last recipient
    /// has one of them.
    case closed(inFlight: Int)
}

/// The messages of one group's senders, and what its recipients receive. On: its loop.
final class Traffic {
    /// When messages are sent, and within which intended times they are measured.
    struct Window: Sendable {
        let start: Instant
        let measuredFrom: Instant
        let end: Instant
    }

    struct Counts: Sendable {
        /// The number of messages by sender, for this group's senders.
        var sent: [UInt32]
        /// Messages that were to leave within the window.
        var sentMeasured = 0
        /// Those of them, of this group's senders, that the last recipient has.
        var completeMeasured = 0
        var complete = 0
        /// Receipts of messages of the window, and of all messages.
        var deliveriesMeasured = 0
        var deliveries = 0
        /// Messages of other programs' clients, or of clients that are not measured.
        var foreign = 0
        /// From the intended time to each receipt, and to the last one.
        var latency = Latency()
        var toLast = Latency()
        /// From the intended time to when the message really left.
        var lateness = Latency()
        /// Answers `error`, and names lost, by code.
        var refused: Reasons = [:]
    }

    /// Reports a message that all of the group's recipients have to its sender's group.
    typealias Report =
        @Sendable (_ sender: Int, _ number: UInt32, _ intended: Instant, _ at: Instant) -> Void

    /// Tells all groups that this one has no recipients any more, with the number of each sender's
    /// first message that it has not reported.
    typealias Leave = @Sendable (_ reported: [UInt32]) -> Void

    /// One sender of this group.
    private struct Lane {
        let sender: Int
        let client: BenchClient
        var message: [UInt8]
    }

    /// The number of messages that leave before the loop serves its sockets again.
    private static let sendsPerTurn = 64

    private let group: ClientGroup
    private let senders: Int
    private let window: Window
    private let load: Load
    private let report: Report
    private let leave: Leave
    /// Held in one value, so that a receipt accesses this object once: Swift checks each access for
    /// exclusivity, which costs as much as the rest.
    private var books: Books
    /// Which groups still lack which messages of this group's senders.
    private var groupsLacking: DeliveryTracker
    private var lanes: [Lane] = []
    private var laneOfSender: [Int: Int] = [:]
    private var schedule: SendSchedule?
    private(set) var isSending = true
    private var isFlushing = false
    private var hasStarted = false
    private var hasLeft = false
    private var timer: Scheduled<Void>?

    init(
        group: ClientGroup,
        recipients: Int,
        senders: Int,
        groups: Int,
        window: Window,
        load: Load,
        report: @escaping Report,
        leave: @escaping Leave
    ) {
        self.group = group
        self.senders = senders
        self.window = window
        self.load = load
        self.report = report
        self.leave = leave
        // Some clients may have ended already.
        let present = group.clients.values.count { $0.place != nil }
        books = Books(
            ledger: Ledger(recipients: recipients, senders: senders),
            deliveries: DeliveryTracker(senders: senders, recipients: present),
            counts: Counts(sent: Array(repeating: 0, count: senders))
        )
        groupsLacking = DeliveryTracker(senders: senders, recipients: groups)
    }

    var counts: Counts { books.counts }
    var ledger: Ledger { books.ledger }
}

// MARK: - Sending

extension Traffic {
    /// Begins to send when the window opens. All groups have their traffic by then.
    func start() {
        hasStarted = true
        leaveIfEmpty()
        for sender in 0..<senders {
            guard let client = group.clients[sender] else { continue }
            laneOfSender[sender] = lanes.count
            let message = group.plan.codec.message(from: client.name)
            lanes.append(Lane(sender: sender, client: client, message: message))
        }
        switch load {
        case .open(let perSecond):
            schedule = SendSchedule(
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
        guard isSending, let next = schedule?.next, next < window.end else {
            return isSending = false
        }
        later(next) { traffic in
            for _ in 0..<Self.sendsPerTurn {
                guard let due = traffic.schedule?.take(dueAt: Clock.now) else { break }
                guard due.intended < traffic.window.end else { break }
                traffic.send(due.lane, intended: due.intended)
            }
            traffic.sendWhenDue()
        }
    }

    private func later(_ time: Instant, _ body: @escaping (Traffic) -> Void) {
        let wait = TimeAmount.nanoseconds(max(0, (time - Clock.now).inNanoseconds))
        timer = group.loop.assumeIsolated().scheduleTask(in: wait) { [self] in body(self) }
    }

    private func send(_ lane: Int, intended: Instant) {
        guard lanes[lane].client.connection != nil else { return }
        let sender = lanes[lane].sender
        let stamp = Stamp(
            sender: UInt32(sender),
            number: books.counts.sent[sender],
            intended: intended
        )
        group.plan.codec.stamp(&lanes[lane].message, stamp)
        lanes[lane].client.say(lanes[lane].message)
        books.counts.sent[sender] += 1
        if window.measures(intended) {
            books.counts.sentMeasured += 1
            books.counts.lateness.record(Clock.now - intended)
        }
        flushSoon()
    }

    /// Flushes at the end of the loop's turn, so that all messages of the turn leave together.
    private func flushSoon() {
        guard !isFlushing else { return }
        isFlushing = true
        group.loop.assumeIsolated().execute { [self] in
            isFlushing = false
            for lane in lanes { lane.client.connection?.flush() }
        }
    }
}

extension Traffic.Window {
    /// Returns whether a message with this intended time is measured.
    func measures(_ intended: Instant) -> Bool {
        intended >= measuredFrom && intended < end
    }
}

// MARK: - Receiving

extension Traffic {
    func heard(_ text: RawSpan, by client: BenchClient) {
        guard let place = client.place else { return }
        guard let heard = group.plan.codec.read(text) else {
            return hearOther(text, at: place)
        }
        hear(heard, at: place)
    }

    private func hear(_ heard: StampCodec.Heard, at place: Int) {
        let (stamp, now) = (heard.stamp, group.now)
        guard books.hear(heard, at: place, now: now, senders, window) else { return }
        report(Int(stamp.sender), stamp.number, stamp.intended, now)
    }

    /// Parses a text as JSON that is not in the form in which a node writes this run's messages.
    private func hearOther(_ text: RawSpan, at place: Int) {
        guard let message = HeardMessage(text) else { return books.counts.foreign += 1 }
        if let heard = group.plan.codec.read(message) { return hear(heard, at: place) }
        switch message.type {
        case "error": books.counts.refused[message.code ?? "error", default: 0] += 1
        case "logged_out": books.counts.refused[message.reason ?? "logged_out", default: 0] += 1
        default:
            books.counts.foreign += 1
            if let seq = message.seq { books.ledger.place(seq, at: place) }
        }
    }

    /// Notes that all recipients of one group have a message of one of this group's senders. With
    /// several groups the last report counts, which comes later than the last receipt by one step
    /// between loops only if another report overtook it.
    func complete(_ sender: Int, _ number: UInt32, _ intended: Instant, at time: Instant) {
        guard groupsLacking.hear(sender: sender, number: number) else { return }
        settle(sender, intended, at: time)
    }

    /// Notes that one group has no recipients any more.
    func groupLeft(reported: [UInt32]) {
        for (sender, _) in groupsLacking.leave(heard: { reported[$0] }) {
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

    /// Notes that a recipient has ended: the others' messages are complete without it.
    func left(_ client: BenchClient) {
        guard let place = client.place else { return }
        let ledger = books.ledger
        let complete = books.deliveries.leave { ledger.next(of: $0, at: place) }
        for (sender, number) in complete {
            report(sender, number, .distantPast, Clock.now)
        }
        leaveIfEmpty()
    }

    private func leaveIfEmpty() {
        guard hasStarted, books.deliveries.isEmpty, !hasLeft else { return }
        hasLeft = true
        leave((0..<senders).map { books.deliveries.next(of: $0) })
    }
}

/// What is noted for each receipt.
private struct Books {
    var ledger: Ledger
    var deliveries: DeliveryTracker
    var counts: Traffic.Counts

    /// Notes a receipt. Returns true if the last of the group's recipients has the message now.
    mutating func hear(
        _ heard: StampCodec.Heard,
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
        return deliveries.hear(sender: Int(stamp.sender), number: stamp.number)
    }
}
