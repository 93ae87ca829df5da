import ChatCore
import ChatSupport
import Logging
import NIOCore

/// One client's WebSocket: carries bytes in and out. Their meaning is the session's subject.
///
/// On: its loop.
final class Connection: ChannelInboundHandler, SlotOccupant {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case open
        /// The close frame is on its way, or has left; input is discarded.
        case closing(discarded: Int32)
        /// The socket is closed; session or rooms may still need the place.
        case gone
        /// The place is free.
        case vacated
    }

    var id: SocketID { session.id }
    let shard: Shard
    let dialect: Dialect
    var session: Session
    var memberships = Memberships()

    private var parser: FrameParser
    var liveness: Liveness
    // Layout: after a field that leaves part of a word free.
    var phase = Phase.open
    private var isSessionFinished = false
    /// Whether the end of the client's input has been noted.
    private var hasEnded = false
    private var toldStatus = ToldStatus()
    private var nextReminder = Instant.distantFuture
    /// When the bytes that are being read came.
    private var readAt = Instant.distantPast
    /// Whether a message has ended in the bytes that are being read.
    private var hasMessageEnded = false
    private(set) var context: ChannelHandlerContext?
    /// Private frames that wait until the writer is no longer blocked.
    var waiting: [UInt8] = []
    /// The number of bytes of the private frames that wait.
    var waitingBytes: Int { waiting.count }

    init(id: SocketID, dialect: Dialect, shard: Shard) {
        self.shard = shard
        self.dialect = dialect
        session = Session(
            id: id,
            rules: shard.settings.rules,
            isResumable: dialect.isResumable
        )
        parser = FrameParser(.server, maxMessageBytes: shard.settings.maxMessageBytes)
        liveness = Liveness(now: Clock.now)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // The channel reports the end of the client's input and does not act on it: to close
        // thousands of sockets takes a while, and the clients that stay must not wait for it.
        try? context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        shard.replace(id, with: self, channel: context.channel)
    }

    /// Adds itself to the pipeline after the handler that has read the request. Returns false if
    /// the channel is gone.
    func install(behind reader: ChannelHandlerContext) -> Bool {
        do {
            try reader.pipeline.syncOperations.addHandler(self)
            return true
        } catch {
            reader.close(promise: nil)
            return false
        }
    }

    /// Begins the WebSocket with the end of the handshake, after it was added to the pipeline.
    /// Nothing is on its way to the client then that this could overtake.
    func begin(with greeting: [UInt8]) {
        shard.metrics.handshake(.accepted)
        sendPrivate(greeting)
        if dialect.hearsLobby { shard.join(self, .lobby) }
        if shard.status.isDegraded, dialect.hasStatus { tellStatus() }
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
            // The bytes are unmasked in place. The channel keeps a reference to the buffer for its
            // next read, so that the regular way to change it would copy it first; nothing reads it
            // after this.
            var span = MutableRawSpan(
                _unsafeBytes: UnsafeMutableRawBufferPointer(mutating: bytes)
            )
            do throws(FrameError) {
                try parser.consume(&span, into: self)
                shard.carryOutCollected(of: self)
            } catch {
                shard.carryOutCollected(of: self)
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

    /// Charges the session for bytes. Returns false if the session has closed the connection for
    /// that.
    private func isWelcome(_ byteCount: Int, _ now: Instant) -> Bool {
        var effects: [Session.Effect] = []
        session.received(bytes: byteCount, now: now, into: &effects)
        guard !effects.isEmpty else { return true }
        shard.updateSession(of: self) { $1 += effects }
        return isOpen
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client is taken to be gone. What it sent before is still published; a client that
        // only ends its side of the connection gets nothing more.
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

    /// Notes that the client is gone. It does no more now: epoll reports in the order of arrival,
    /// and the clients that stay wait until the ends of thousands are noted.
    private func noteEnd(of channel: any Channel) {
        // If the descriptor is closed by now, its number may be the next connection's.
        shard.writers[Int(id.slot)].shut()
        // The end of the input comes before that of the socket, which this node may have closed
        // itself.
        guard !hasEnded else { return }
        hasEnded = true
        shard.tearDownSoon(self, channel)
    }

    /// Gives up the client's name, at once or after its messages are settled.
    func endSession() {
        shard.updateSession(of: self) { $0.socketClosed(into: &$1) }
    }

    /// Closes the socket if it is still open, and leaves the rooms.
    func tearDown() {
        cut()
        shard.leaveRooms(self)
        vacateIfDone()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Calls of the session and the shard

    /// Tells this client alone of an event.
    func tell(_ event: Session.Event) {
        var frame: [UInt8] = []
        append(event, to: &frame)
        if !frame.isEmpty { sendPrivate(frame) }
    }

    /// Appends the frame that tells this client of an event.
    func append(_ event: Session.Event, to frames: inout [UInt8]) {
        shard.metrics.told(event)
        guard case .open = phase else { return }
        var json: [UInt8] = []
        dialect.append(event, to: &json)
        Frame.append(.text, payload: json.span.bytes, to: &frames)
    }

    /// Tells the client whether the node has its broker, if it does not know and it is time.
    func tellStatus() {
        switch toldStatus.update(to: shard.status, isCaughtUp: memberships.areCaughtUp) {
        case .nothing: break
        case .tell: tell(.status(isDegraded: shard.status.isDegraded))
        case .wait: shard.awaitingOk.append(id)
        }
    }

    func sessionFinished() {
        isSessionFinished = true
        vacateIfDone()
    }

    /// Frees the place if socket, session and rooms no longer need it.
    func vacateIfDone() {
        guard case .gone = phase, isSessionFinished, memberships.isEmpty else { return }
        phase = .vacated
        shard.vacate(id)
    }

    func moved(in table: MemberTable, to place: Int) {
        memberships.update(table) { $0.place = place }
    }

    func drain() {
        if shard.settings.isAlone {
            close(.goingAway, "the node is going away")
        } else {
            close(.restart, "this node is going away: reconnect")
        }
    }

    /// Closes the client because the node has been without its broker for too long.
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

    func remindWhenDue() {
        let due = liveness.due(shard.settings.liveness)
        guard due < nextReminder, context != nil else { return }
        nextReminder = due
        shard.remind(id, at: due)
    }
}

// MARK: - Input

extension Connection: FrameSink {
    func text(_ payload: RawSpan) -> Bool {
        shard.metrics.messageCame()
        hasMessageEnded = true
        shard.receive(payload, from: self, at: readAt)
        return isOpen
    }

    func ping(_ payload: RawSpan) -> Bool {
        shard.carryOutCollected(of: self)
        guard isOpen else { return false }
        sendPrivate(Frame.pong(payload))
        return isOpen
    }

    func pong(_ payload: RawSpan) -> Bool { true }

    func close(_ code: CloseCode?, _ reason: RawSpan) {
        shard.carryOutCollected(of: self)
        beginClosing(Frame.close(code), .client)
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }
}
