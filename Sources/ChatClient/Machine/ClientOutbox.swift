import ChatCore

/// The messages of a client that have no answer yet, in the order in which they are said, over all rooms.
///
/// An entry gets its number when it is sent first: the numbers of those that were sent are consecutive, and
/// they are the first ones. A number is used again until it is settled. If one is refused, those behind it
/// are refused too, so the outbox waits until each that was sent has its answer, and then sends again from
/// the first one that is not settled. From then on it says one message after the other in
/// `Limits.clientPace` or more, until all are said: a node that refuses for now refuses few.
struct ClientOutbox {
    private struct Entry {
        /// The call that waits for the answer; nil after it has been cancelled.
        var call: CallNumber?
        /// The message without its number.
        let json: [UInt8]
        /// Whether it has been sent under the present login.
        var wasSent = false
        /// Whether it was accepted, or refused for good.
        var fate: Fate?
    }

    private enum Fate { case accepted, refused }

    /// What the machine is to tell the application.
    typealias Settled = (call: CallNumber?, result: Result<ClientMachine.Answer, ChatClientError>)

    private var entries: [Entry] = []
    /// The number from which a node has lost what it had accepted: the first entry takes it.
    private var lostFrom: UInt64?
    /// The number of the first entry.
    private(set) var first: UInt64 = 1
    /// How many entries, from the first, have been sent over the present socket and not been called back.
    private var sentCount = 0
    /// The numbers that were sent over the present socket and have no answer yet.
    private var outstanding: [UInt64: Int] = [:]
    private var outstandingBytes = 0
    /// Whether nothing is sent until all that is outstanding has its answer.
    private var isGoingBack = false
    /// The time from one message to the next.
    private var pace = Duration.zero
    /// Before this instant nothing is sent, because a node has asked for it, or because of the pace.
    private(set) var pausedUntil = Instant.distantPast
    /// When the last answer came, or the first message without one was sent.
    private(set) var progress = Instant.distantPast

    /// How many messages have no answer yet.
    var count: Int { entries.count }
    /// Whether an answer is outstanding.
    var awaitsAnswer: Bool { !outstanding.isEmpty }
    /// Whether something could be sent once the pause is over.
    var isWaiting: Bool { !isGoingBack && sentCount < entries.count }

    // MARK: Calls

    /// Takes a message. Returns false if the outbox is full.
    mutating func append(_ json: [UInt8], call: CallNumber) -> Bool {
        guard entries.count < Limits.clientOutboxMessages else { return false }
        if entries.isEmpty { pace = .zero }
        entries.append(Entry(call: call, json: json))
        return true
    }

    /// Takes a message back whose call was cancelled. Returns whether it had not been sent yet; nil if no
    /// message waits for the call.
    mutating func cancel(_ call: CallNumber) -> Bool? {
        guard let index = entries.firstIndex(where: { $0.call == call }) else { return nil }
        guard !entries[index].wasSent else {
            entries[index].call = nil
            return false
        }
        entries.remove(at: index)
        return true
    }

    // MARK: Sending

    /// Returns the next message to send, with its number; nil if none may be sent now.
    mutating func next(now: Instant) -> [UInt8]? {
        guard isWaiting, now >= pausedUntil, outstanding.count < Limits.clientWindow else {
            return nil
        }
        let n = first + UInt64(sentCount)
        let json = ClientRequest.numbered(entries[sentCount].json, n)
        guard outstanding.isEmpty || outstandingBytes + json.count <= Limits.clientWindowBytes
        else {
            return nil
        }
        if outstanding.isEmpty { progress = now }
        entries[sentCount].wasSent = true
        sentCount += 1
        outstanding[n] = json.count
        outstandingBytes += json.count
        if pace > .zero { pausedUntil = now + pace }
        return json
    }

    // MARK: Answers

    /// Takes an `ack`. A second one changes nothing.
    mutating func acknowledged(_ n: UInt64, _ receipt: Receipt, now: Instant) -> [Settled] {
        answered(n, now: now)
        let settled = settle(n, .accepted, .success(.receipt(receipt)))
        return settled + goOn()
    }

    /// Takes a refusal that is no fault of the message: it is sent again under its number, and so are those
    /// behind it, after a pause. `due` is the number that the node waits for, if it has said so.
    mutating func postponed(
        _ n: UInt64,
        due: UInt64?,
        pause: Duration,
        now: Instant
    ) -> [Settled] {
        guard let index = index(of: n), index < sentCount else { return [] }
        answered(n, now: now)
        if let due {
            // The node has none of those between: no answer about them can still come.
            for number in outstanding.keys where number >= due && number < n {
                answered(number, now: now)
            }
            if due < first, due > 0 { lostFrom = due }
        }
        pausedUntil = max(pausedUntil, now + pause)
        pace = max(pace, Limits.clientPace)
        isGoingBack = true
        return goOn()
    }

    /// Takes a refusal for good. The number is free for the next message.
    mutating func refused(_ n: UInt64, _ error: ChatClientError, now: Instant) -> [Settled] {
        guard let index = index(of: n), index < sentCount else { return [] }
        answered(n, now: now)
        isGoingBack = true
        let settled = settle(n, .refused, .failure(error))
        return settled + goOn()
    }

    /// Doubles the time between two messages, because the node takes fewer.
    mutating func slowDown() {
        pace = min(max(pace * 2, Limits.clientPace), Limits.clientSlowestPace)
    }

    private func index(of n: UInt64) -> Int? {
        guard n >= first, n - first < UInt64(entries.count) else { return nil }
        return Int(n - first)
    }

    private mutating func answered(_ n: UInt64, now: Instant) {
        guard let bytes = outstanding.removeValue(forKey: n) else { return }
        outstandingBytes -= bytes
        progress = now
    }

    /// Notes what became of a message. Returns what is told, once.
    private mutating func settle(
        _ n: UInt64,
        _ fate: Fate,
        _ result: Result<ClientMachine.Answer, ChatClientError>
    ) -> [Settled] {
        guard let index = index(of: n), entries[index].wasSent, entries[index].fate == nil else {
            return []
        }
        entries[index].fate = fate
        return [(entries[index].call, result)]
    }

    /// Lets go of what is settled, and begins again from the first message that is not, if that is due.
    private mutating func goOn() -> [Settled] {
        _ = letGo(of: entries.prefix { $0.fate == .accepted }.count)
        guard isGoingBack, outstanding.isEmpty else { return [] }
        // A node takes a number after all lower ones: those before an accepted one were accepted as well.
        let last = entries.lastIndex { $0.fate == .accepted }
        let settled = letGo(of: last.map { $0 + 1 } ?? 0)
        entries.removeAll { $0.fate != nil }
        sentCount = 0
        isGoingBack = false
        first = lostFrom.take() ?? first
        return settled
    }

    /// Lets go of the first entries, which were accepted. Returns those whose answers were lost.
    private mutating func letGo(of count: Int) -> [Settled] {
        let receipt = Receipt(mid: nil, seq: nil, timestampMs: nil)
        let settled = entries.prefix(count).filter { $0.fate == nil }.map { entry -> Settled in
            (entry.call, .success(.receipt(receipt)))
        }
        entries.removeFirst(count)
        first += UInt64(count)
        sentCount = max(0, sentCount - count)
        return settled
    }

    // MARK: Sockets and logins

    /// Takes that the socket has ended: what was sent over it is sent again over the next one, when the
    /// answer to the login has said what was accepted. A pause that a node has asked for goes on.
    mutating func interrupted() {
        outstanding = [:]
        outstandingBytes = 0
        sentCount = 0
        isGoingBack = false
        lostFrom = nil
    }

    /// Takes a login. Returns what is told: the messages that were accepted although their answers were lost,
    /// or those that the client cannot know the fate of.
    mutating func loggedIn(resumed: Bool, acked: UInt64) -> [Settled] {
        interrupted()
        let sent = entries.prefix { $0.wasSent }.count
        var settled: [Settled] = []
        if !resumed || acked >= first + UInt64(sent) {
            settled = fail(0..<sent) { _ in .unknownOutcome }
        } else if acked >= first {
            settled = letGo(of: Int(acked - first) + 1)
        }
        // Those that were acknowledged above `acked` were lost by the node.
        entries.removeAll { $0.fate != nil }
        first = acked &+ 1
        return settled
    }

    /// Gives all messages up, because the client has no login any more. Returns what is told.
    mutating func giveUp(_ error: ChatClientError) -> [Settled] {
        interrupted()
        first = 1
        return fail(0..<entries.count) { $0 ? .unknownOutcome : error }
    }

    private mutating func fail(
        _ range: Range<Int>,
        _ error: (_ wasSent: Bool) -> ChatClientError
    ) -> [Settled] {
        let settled = entries[range].filter { $0.fate == nil }.map { entry -> Settled in
            (entry.call, .failure(error(entry.wasSent)))
        }
        entries.removeSubrange(range)
        return settled
    }
}
