import ChatClient
import ChatCore

/// Checks that one loop is told its events in the order that `BrokerEvents` states.
struct EventOrder {
    /// An event as a backend tells it.
    enum Event {
        case leaseExpires
        case registrationChanged
        case connected
        case disconnected
        case answered(BrokerAnswer)
        case roomOpened(RoomName, at: Position)
        case roomClosed(RoomName)
        case roomRefused(RoomName)
        case deliver(FramedBatch, to: RoomName, arrivedAt: Instant)
        case reset(RoomName, to: Position)
        case missed(RoomName)
        /// One of the two that are about take-overs.
        case replaced
        case presenceChanged(RoomName)
        case historyRead(HistoryPage?, HistoryCall)
    }

    /// What has been delivered of a room.
    private struct Room {
        var end: Position
        var isOpen = true
        /// Whether the room was opened since this loop entered it: then the node knows of it.
        var hasOpenedSinceEntry = false
        /// Whether `missed` has told that the next message does not follow the last one.
        var mayJump = false
        /// Whether the room was ever reset: then messages may be repeated.
        var wasReset = false
        var mids: Set<MessageID> = []
    }

    /// What was told out of order, as sentences.
    private(set) var violations: [String] = []
    /// Whether a call of `Broker.send` has not returned yet.
    var isSending = false
    /// Whether the backend has stopped.
    var isStopped = false
    private var isRegistered = false
    private var isConnected = false
    private var calls = FIFO<BrokerCall>()
    private var reads = FIFO<HistoryCall>()
    private var rooms: [RoomName: Room] = [:]
    /// The rooms that the loop has entered and not left.
    private var entered: Set<RoomName> = []

    /// Notes a call.
    mutating func sent(_ call: BrokerCall) { calls.append(call) }

    /// Notes a read, which is dropped if the loop is not connected.
    mutating func reads(_ call: HistoryCall) { if isConnected { reads.append(call) } }

    /// Notes that the loop enters a room.
    mutating func enters(_ room: RoomName) {
        require(entered.insert(room).inserted, "a room was entered twice")
        rooms[room]?.hasOpenedSinceEntry = false
    }

    /// Notes that the loop leaves a room.
    mutating func leaves(_ room: RoomName) { entered.remove(room) }

    /// Takes an event. Returns whether it was in order.
    mutating func take(_ event: Event, now: Instant) -> Bool {
        let before = violations.count
        require(!isStopped, "an event came after the backend had stopped")
        switch event {
        case .leaseExpires: break
        case .registrationChanged: isRegistered = true
        case .connected:
            require(isRegistered, "connected before registrationChanged")
            require(!isConnected, "connected twice")
            isConnected = true
        case .disconnected:
            isConnected = false
            _ = calls.takeAll()
            _ = reads.takeAll()
        case .answered(let answer): takeAnswer(answer)
        case .roomOpened(let room, let position): open(room, position)
        case .deliver(let batch, let room, let arrivedAt):
            require(arrivedAt <= now, "a batch arrived later than now")
            deliver(batch, room)
        case .roomClosed(let room): close(room)
        case .roomRefused, .replaced: break
        case .reset(let room, let position): reset(room, position)
        case .missed(let room):
            require(isOpen(room), "messages of a room that is not open were missed")
            rooms[room]?.mayJump = true
        case .presenceChanged(let room):
            require(isOpen(room), "who is present was told of a room that is not open")
        case .historyRead(let page, let call): takePage(page, call)
        }
        return violations.count == before
    }

    private mutating func require(_ holds: Bool, _ violation: @autoclosure () -> String) {
        if !holds { violations.append(violation()) }
    }
}

// MARK: - Answers

extension EventOrder {
    private mutating func takeAnswer(_ answer: BrokerAnswer) {
        require(!isSending, "answered inside send")
        require(isConnected, "answered while the loop is not connected")
        guard let call = calls.popFirst() else {
            return violations.append("answered without a call")
        }
        require(Self.fits(answer, call), "the answer to another call: \(answer) to \(call)")
    }

    private mutating func takePage(_ page: HistoryPage?, _ call: HistoryCall) {
        require(!isSending, "a read was answered inside the call")
        require(isConnected, "a read was answered while the loop is not connected")
        guard let read = reads.popFirst() else {
            return violations.append("a read was answered without a call")
        }
        require(read == call, "the answer to another read")
        guard let entries = page?.entries, let end = entries.last?.end else { return }
        require(end.seq == call.upTo, "a page does not end where it was to")
        let follow = zip(entries, entries.dropFirst()).allSatisfy {
            $0.end?.seq == $1.firstSeq - 1 && $0.end?.mid == $1.prev
        }
        require(follow, "a page's entries do not follow one another")
    }

    private static func fits(_ answer: BrokerAnswer, _ call: BrokerCall) -> Bool {
        switch (call, answer) {
        case (_, .refused): return true
        case (.release, .released): return true
        case (.claims(let call), .claims(let answer)):
            guard case .verdicts(let verdicts) = answer else { return true }
            return verdicts.count == call.claims.count
                && zip(verdicts, call.claims).allSatisfy(Self.fits)
        case (.publish(let call), .publish(let answer)):
            guard case .verdicts(let verdicts, _) = answer else { return true }
            return verdicts.count == call.drafts.count
        case (.presence(let call), .presence(let answer)):
            guard case .verdicts(let verdicts) = answer else { return true }
            return verdicts.count == call.moves.count
        default: return false
        }
    }
}

extension EventOrder {
    /// A new login is granted the producer that its claim names, unless it can take the name over.
    private static func fits(_ verdict: ClaimVerdict, _ claim: Claim) -> Bool {
        guard claim.known == nil, claim.proof == nil, case .granted(let grant) = verdict else {
            return true
        }
        return grant.producer == claim.producer
    }
}

// MARK: - Messages

extension EventOrder {
    private mutating func open(_ name: RoomName, _ position: Position) {
        guard let room = rooms[name] else {
            rooms[name] = Room(end: position, hasOpenedSinceEntry: entered.contains(name))
            return
        }
        rooms[name]?.hasOpenedSinceEntry = entered.contains(name)
        guard room.isOpen else { return reopen(name, position) }
        let isSame = room.end.seq == position.seq && room.end.mid == position.mid
        require(
            isSame || room.mayJump,
            "a room was opened elsewhere than it had been delivered to"
        )
        let isSameEpoch = position.epoch == room.end.epoch
        require(isSameEpoch || room.mayJump, "a room was opened in a new epoch without a reset")
        rooms[name]?.end = position
        rooms[name]?.mayJump = false
    }

    private func isOpen(_ name: RoomName) -> Bool { rooms[name]?.isOpen == true }

    /// Notes that a room was opened that had been closed: at its end then, or at a later message.
    private mutating func reopen(_ name: RoomName, _ position: Position) {
        guard let end = rooms[name]?.end else { return }
        let isEarlier = position.epoch == end.epoch && position.seq < end.seq
        require(!isEarlier, "a room was opened before its end")
        rooms[name]?.isOpen = true
        rooms[name]?.end = position
        rooms[name]?.mayJump = false
    }

    /// Notes that a room goes on from a position, and what was delivered after it is void.
    private mutating func reset(_ name: RoomName, _ position: Position) {
        guard let room = rooms[name], room.isOpen else {
            return violations.append("a room that is not open was reset")
        }
        let isBeyond = position.seq > room.end.seq && !room.mayJump
        require(!isBeyond, "a room was reset to a message that was not delivered")
        require(position.epoch >= room.end.epoch, "a room was reset to an earlier epoch")
        rooms[name]?.end = position
        rooms[name]?.mayJump = false
        rooms[name]?.wasReset = true
    }

    private mutating func close(_ name: RoomName) {
        require(isOpen(name), "a room was closed that was not open")
        let isKnown = entered.contains(name) && rooms[name]?.hasOpenedSinceEntry == true
        require(!isKnown, "a room was closed that this loop has entered")
        rooms[name]?.isOpen = false
    }

    private mutating func deliver(_ batch: FramedBatch, _ name: RoomName) {
        guard var room = rooms[name], room.isOpen else {
            return violations.append("a room's messages were delivered before roomOpened")
        }
        // A message of an external program has no place in the order.
        guard let end = batch.position else { return }
        let messages = batch.messages
        require(!messages.isEmpty, "an empty batch was delivered")
        for (index, message) in messages.enumerated() {
            let expected = room.end.seq + 1
            let follows = message.seq == expected || (room.mayJump && index == 0)
            require(follows, "message \(message.seq) was delivered where \(expected) follows")
            let isNew = room.mids.insert(message.mid).inserted
            require(isNew != batch.isRepeated, "\(message.mid) was delivered twice")
            require(!batch.isRepeated || room.wasReset, "a message was repeated without a reset")
            let epoch = max(room.end.epoch, end.epoch)
            room.end = Position(epoch: epoch, seq: message.seq, mid: message.mid)
            room.mayJump = false
        }
        require(room.end.isSamePlace(as: end), "a batch's position is not that of its last message")
        rooms[name] = room
    }
}

/// A message as a loop's clients receive it.
struct DeliveredMessage: Hashable, Sendable {
    let seq: UInt64
    let mid: MessageID
    let text: String
}

extension FramedBatch {
    /// The messages that have a number; a frame that has none counts as message 0.
    var messages: [DeliveredMessage] {
        (0..<count).compactMap { index in
            let end = index + 1 == count ? bytes.count : start(of: index + 1)
            let frame = bytes[start(of: index)..<end]
            // RFC 6455 §5.2: lengths from 126 on take two bytes more.
            let header = frame[frame.startIndex + 1] < 126 ? 2 : 4
            let payload = Array(frame.dropFirst(header))
            guard let heard = HeardMessage(payload.span.bytes), let mid = heard.mid,
                let id = MessageID(mid)
            else { return nil }
            return DeliveredMessage(seq: heard.seq ?? 0, mid: id, text: heard.value ?? "")
        }
    }
}
