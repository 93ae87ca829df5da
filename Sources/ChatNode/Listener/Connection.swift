import ChatCore
import Logging
import NIOCore

/// One client's WebSocket: bytes in, bytes out. What they mean is the session's to say.
///
/// On: its loop.
final class Connection: ChannelInboundHandler, SlotOccupant {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// The close frame is on its way, or has left; what comes in is thrown away.
        case closing(discarded: Int32)
        case gone
    }

    var id: SocketID { session.id }
    private let shard: Shard
    var session: Session
    var memberships = Memberships()

    private var parser: FrameParser
    private var liveness: Liveness
    // Behind what leaves part of a word free.
    private var phase = Phase.open
    private var isSessionFinished = false
    private var hasVacated = false
    /// Its end has been noted.
    private var hasEnded = false
    private var nextReminder = Instant.distantFuture
    /// When what is being read came.
    private var readAt = Instant.distantPast
    /// A message has ended in it.
    private var hasMessageEnded = false
    private(set) var context: ChannelHandlerContext?
    /// Private frames that wait behind a block.
    private var waiting: [UInt8] = []
    /// How much of them there is.
    var waitingBytes: Int { waiting.count }

    init(id: SocketID, shard: Shard) {
        self.shard = shard
        session = Session(id: id, rules: shard.settings.rules)
        parser = FrameParser(.server, maxMessageBytes: shard.settings.maxMessageBytes)
        liveness = Liveness(now: Clock.now)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // The end of its input is told, not acted upon: closing thousands takes a while, and those
        // who stay are not to wait for it.
        try? context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        shard.replace(id, with: self, channel: context.channel)
    }

    /// Stands behind the handler that has read the request. False if the channel is gone.
    func install(behind reader: ChannelHandlerContext) -> Bool {
        do {
            try reader.pipeline.syncOperations.addHandler(self)
            return true
        } catch {
            reader.close(promise: nil)
            return false
        }
    }

    /// In the pipeline: begins with the end of the handshake. Nothing is on its way to the client then
    /// that this could overtake.
    func begin(with greeting: [UInt8]) {
        shard.metrics.handshake(.accepted)
        sendPrivate(greeting)
        shard.join(self, .lobby)
        remindWhenDue()
        shard.settings.log.debug("opened", metadata: ["socket": "\(id)"])
        if shard.settings.state.isLost(Clock.now) { sendElsewhere() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard case .open = phase else { return discard(buffer.readableBytes) }
        let now = Clock.now
        readAt = now
        guard isWelcome(buffer.readableBytes, now) else { return }
        buffer.withUnsafeReadableBytes { bytes in
            // Unmasked where they lie. The channel keeps a reference to the buffer for its next
            // read, so that a change by the book would copy it first; nobody reads it after us.
            var span = MutableRawSpan(
                _unsafeBytes: UnsafeMutableRawBufferPointer(mutating: bytes)
            )
            do throws(FrameError) {
                try parser.consume(&span, into: self)
                shard.carryOutHeard(from: self)
            } catch {
                shard.carryOutHeard(from: self)
                close(error.closeCode, error.reason)
            }
        }
        if hasMessageEnded {
            hasMessageEnded = false
            liveness.messageEnded()
        }
        liveness.heard(midMessage: parser.isMidMessage, now: now)
        remindWhenDue()
    }

    /// Charges the session for bytes. False where it has closed over that.
    private func isWelcome(_ byteCount: Int, _ now: Instant) -> Bool {
        var effects: [Effect] = []
        session.received(bytes: byteCount, now: now, into: &effects)
        guard !effects.isEmpty else { return true }
        shard.run(self) { $1 += effects }
        return isOpen
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nobody is taken to be there any more. What had come before is still published; a client
        // that only ends its side of the connection hears nothing more.
        guard case ChannelEvent.inputClosed = event else { return }
        noteEnd(of: context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting = []
        shard.settings.log.debug("closed", metadata: ["socket": "\(id)"])
        if isOpen { shard.metrics.ended(.lost) }
        phase = .gone
        self.context = nil
        noteEnd(of: context.channel)
        vacateIfDone()
    }

    /// The client is gone. No more than that is done about it now: epoll tells in the order of arrival,
    /// and whoever stays waits until the ends of thousands are noted.
    private func noteEnd(of channel: any Channel) {
        // If the descriptor is closed by now, its number may be somebody else's next.
        shard.doors[Int(id.slot)].shut()
        // The end of its input comes before that of its socket, which may be our doing.
        guard !hasEnded else { return }
        hasEnded = true
        shard.seeOffSoon(self, channel)
    }

    /// Gives up its name, at once or when what it said is settled.
    func endSession() {
        shard.run(self) { $0.socketClosed(into: &$1) }
    }

    /// Closes the socket, if that is still to be done, and leaves the rooms.
    func seeOff() {
        cut()
        shard.leaveRooms(self)
        vacateIfDone()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: What the session and the hub want

    /// Tells this client, and nobody else.
    func send(_ message: ServerMessage) {
        shard.metrics.told(message)
        guard case .open = phase else { return }
        var json: [UInt8] = []
        message.encode(into: &json)
        var frame: [UInt8] = []
        Frame.append(.text, payload: json.span.bytes, to: &frame)
        sendPrivate(frame)
    }

    func sessionFinished() {
        isSessionFinished = true
        vacateIfDone()
    }

    /// Gives the place away when neither socket, nor session, nor a room needs it any more.
    func vacateIfDone() {
        guard case .gone = phase, isSessionFinished, memberships.isEmpty, !hasVacated else {
            return
        }
        hasVacated = true
        shard.vacate(id)
    }

    func moved(in room: Room, to place: Int) {
        memberships.move(in: room, to: place)
    }

    func drain() {
        if shard.settings.isAlone {
            close(.goingAway, "the node is going away")
        } else {
            close(.restart, "this node is going away: reconnect")
        }
    }

    /// The node has been without its broker for too long.
    func sendElsewhere() {
        close(.tryAgainLater, "this node has lost touch with the others: come back later")
    }

    func cut() {
        context?.close(promise: nil)
    }

    func remind(now: Instant) {
        // A session that waits for its broker outlives the socket.
        guard now >= nextReminder, context != nil else { return }
        nextReminder = .distantFuture
        switch liveness.fire(now: now, shard.settings.liveness) {
        case .nothing: break
        case .ping: sendPrivate(Frame.ping())
        case .close(let code, let reason): close(code, reason)
        case .cut: cut()
        }
        remindWhenDue()
    }

    private func remindWhenDue() {
        let due = liveness.due(shard.settings.liveness)
        guard due < nextReminder, context != nil else { return }
        nextReminder = due
        shard.remind(id, at: due)
    }
}

// MARK: - What came in

extension Connection: FrameSink {
    func text(_ payload: RawSpan) -> Bool {
        shard.metrics.messageCame()
        hasMessageEnded = true
        shard.hear(payload, from: self, at: readAt)
        return isOpen
    }

    func ping(_ payload: RawSpan) -> Bool {
        shard.carryOutHeard(from: self)
        guard isOpen else { return false }
        sendPrivate(Frame.pong(payload))
        return isOpen
    }

    func pong(_ payload: RawSpan) -> Bool { true }

    func close(_ code: CloseCode?, _ reason: RawSpan) {
        shard.carryOutHeard(from: self)
        beginClosing(Frame.close(code), .client)
    }

    private var isOpen: Bool {
        if case .open = phase { true } else { false }
    }
}

// MARK: - Out through the door

extension Connection {
    /// Sends frames that are this client's alone.
    private func sendPrivate(_ frames: [UInt8]) {
        let slot = Int(id.slot)
        guard !shard.doors[slot].isBlocked else {
            if waiting.count + frames.count <= Limits.privateBytes || !isOpen {
                waiting += frames
            } else {
                close(.tooSlow, "too slow: answers were not read")
            }
            return
        }
        switch frames.withUnsafeBytes({ shard.doors[slot].transmit($0) }) {
        case .sent, .broken: break
        case .partly(let count):
            // In pieces, so that a slow reader is seen to make progress.
            let rest = frames[count...]
            handOver(rest.prefix(Limits.handOverBytes))
            waiting += rest.dropFirst(Limits.handOverBytes)
        }
    }

    /// Has the channel send what the socket does not take now; until that is through, the door is
    /// blocked.
    func handOver(_ bytes: ArraySlice<UInt8>) {
        guard let context else { return }
        handOver(context.channel.allocator.buffer(bytes: bytes))
    }

    private func handOver(_ buffer: ByteBuffer) {
        guard let context else { return }
        shard.doors[Int(id.slot)].block()
        liveness.blocked(now: Clock.now)
        remindWhenDue()
        // Not now: a write that fails makes the channel read what is left and close, and all of
        // that under whoever called us, be it the parser or the walk.
        context.eventLoop.assumeIsolated().execute { [self] in
            guard let context = self.context else { return }
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess { self.handedOver() }
            context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
        }
    }

    private func handedOver() {
        let slot = Int(id.slot)
        shard.doors[slot].unblock()
        liveness.unblocked()
        let waited = waiting
        waiting = []
        if !waited.isEmpty { sendPrivate(waited) }
        guard !shard.doors[slot].isBlocked else { return }
        switch phase {
        case .open: shard.catchUp(self)
        case .closing: shutOutput()
        case .gone: break
        }
    }
}

// MARK: - Closing

extension Connection {
    /// Closes with a code and a reason for people; what the client has been sent before arrives.
    func close(_ code: CloseCode, _ reason: String) {
        shard.settings.log.debug(
            "closing",
            metadata: ["socket": "\(id)", "code": "\(code.rawValue)", "reason": "\(reason)"]
        )
        beginClosing(Frame.close(code, reason), DisconnectReason(code))
    }

    private func beginClosing(_ frame: [UInt8], _ why: DisconnectReason) {
        guard isOpen else { return }
        shard.metrics.ended(why)
        let slot = Int(id.slot)
        phase = .closing(discarded: 0)
        shard.leaveRooms(self)
        liveness.closing(now: Clock.now)
        // Behind a block it waits for its turn; if that does not come, the connection is cut.
        sendPrivate(frame)
        shard.doors[slot].beginClosing()
        if !shard.doors[slot].isBlocked { shutOutput() }
        shard.run(self) { $0.socketClosed(into: &$1) }
        remindWhenDue()
    }

    /// Nothing more goes out. What comes in is read for a while: closing a socket with unread
    /// input resets it, which can destroy the close frame on its way.
    private func shutOutput() {
        guard let context else { return }
        liveness.lingering(now: Clock.now)
        context.close(mode: .output, promise: nil)
        remindWhenDue()
    }

    private func discard(_ count: Int) {
        guard case .closing(let before) = phase else { return }
        let all = before + Int32(clamping: count)
        phase = .closing(discarded: all)
        if all > Limits.lingerBytes { cut() }
    }
}
