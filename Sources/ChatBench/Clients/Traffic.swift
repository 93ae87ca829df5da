import ChatClient
import ChatCore
import ChatSupport
import NIOCore

/// How messages are sent.
enum Load: Sendable {
    /// A number of messages per second over all senders, whatever became of those before.
    case open(perSecond: Double)
    /// Each sender has `inFlight` messages on their way: the next leaves when the last recipient
    /// of its room has one of them.
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

    /// Reports a message that all of the group's recipients of its room have to its sender's group.
    typealias Report =
        @Sendable (_ sender: Int, _ number: UInt32, _ intended: Instant, _ at: Instant) -> Void

    /// Tells all groups that this one has no recipients in a room any more, with the number of the first
    /// message that it has not reported, for each sender of the room.
    typealias Leave = @Sendable (_ room: Int, _ reported: [UInt32]) -> Void

    /// One sender of this group.
    struct Lane {
        let sender: Int
        let client: BenchClient
        var message: [UInt8]
        /// How many messages have been acknowledged, in `chat.v1`.
        var acked: UInt64 = 0
        /// Those that have not, if the client comes back: it then sends them again.
        var unacknowledged = FIFO<Stamp>()
        /// Whether the sender says nothing more, because its numbers begin anew.
        var isSilent = false
    }

    /// The number of messages that leave before the loop serves its sockets again.
    private static let sendsPerTurn = 64

    let group: ClientGroup
    let senders: Int
    let window: Window
    let load: Load
    let report: Report
    let leave: Leave
    /// Held in one value, so that a receipt accesses this object once: Swift checks each access for
    /// exclusivity, which costs as much as the rest.
    var books: Books
    /// Which groups still lack which messages of this group's senders.
    var groupsLacking: DeliveryTracker
    /// The number of the group's recipients that are left, by room.
    var present: [Int]
    /// The rooms of which this group has told that it has no recipients in them.
    var roomsLeft: Set<Int> = []
    var lanes: [Lane] = []
    var laneOfSender: [Int: Int] = [:]
    private var schedule: SendSchedule?
    private(set) var isSending = true
    private var isFlushing = false
    private(set) var hasStarted = false
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
        let rooms = group.plan.codec.rooms
        // Some clients may have ended already.
        let recipientsThere = group.clients.values.filter { $0.place != nil }
        var present = Array(repeating: 0, count: rooms.count)
        for client in recipientsThere { present[rooms.room(of: client.number)] += 1 }
        self.present = present
        var ledger = Ledger(recipients: recipients, senders: senders, rooms: rooms) {
            rooms.room(of: $0 * groups + group.index)
        }
        for client in recipientsThere {
            if let place = client.place, let seq = client.joinedSeq { ledger.place(seq, at: place) }
        }
        books = Books(
            ledger: ledger,
            deliveries: DeliveryTracker(
                recipients: (0..<senders).map { present[rooms.room(of: $0)] }
            ),
            counts: Counts(sent: Array(repeating: 0, count: senders))
        )
        groupsLacking = DeliveryTracker(recipients: Array(repeating: groups, count: senders))
    }

    var counts: Counts { books.counts }
    var ledger: Ledger { books.ledger }
}

// MARK: - Sending

extension Traffic {
    /// Begins to send when the window opens. All groups have their traffic by then.
    func start() {
        hasStarted = true
        for room in present.indices { leaveIfEmpty(room) }
        for sender in 0..<senders {
            guard let client = group.clients[sender] else { continue }
            laneOfSender[sender] = lanes.count
            let message = group.plan.codec.message(from: sender)
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

    func send(_ lane: Int, intended: Instant) {
        let isReturning = group.storm != nil
        guard isReturning || lanes[lane].client.connection != nil else { return }
        guard !lanes[lane].isSilent else { return }
        let sender = lanes[lane].sender
        let stamp = Stamp(
            sender: UInt32(sender),
            number: books.counts.sent[sender],
            intended: intended
        )
        if isReturning { lanes[lane].unacknowledged.append(stamp) }
        if !isReturning || lanes[lane].client.isInside { say(stamp, lane) }
        books.counts.sent[sender] += 1
        if window.measures(intended) {
            books.counts.sentMeasured += 1
            books.counts.lateness.record(Clock.now - intended)
        }
        flushSoon()
    }

    func say(_ stamp: Stamp, _ lane: Int) {
        group.plan.codec.stamp(&lanes[lane].message, stamp)
        lanes[lane].client.say(lanes[lane].message)
    }

    /// Flushes at the end of the loop's turn, so that all messages of the turn leave together.
    func flushSoon() {
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
