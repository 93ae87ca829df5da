import ChatCore
import ChatSupport
import NIOCore

/// Sends commands to one Redis and returns its answers, in the order of the commands.
///
/// `send` appends a command to a buffer, and the next `flush` writes the whole buffer. After `subscribe`
/// the connection takes no more commands and only receives what is published. If it fails in any way, it
/// is over: every command without an answer fails, then the delegate is told. The owner connects again.
///
/// On: its loop, everything, callbacks included. `send`, `subscribe`, `flush` and `close` call no
/// callback before they return, and any callback may call them. The channel retains the connection
/// until it is closed, so an owner that no longer needs a connection must close it.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What becomes of a command: Redis's answer, which may be an error; or why there is none. Then it
    /// is not known whether Redis has carried the command out.
    typealias Answer = Result<RespValue, RedisFault>

    private enum Phase {
        /// Commands are sent and answered.
        case commands
        /// What is published comes; no command is sent.
        case subscriber
        case over(RedisFault)
    }

    /// An event of the channel.
    private enum Event {
        case bytes(ByteBuffer)
        case readComplete
        case ended
    }

    /// Hears what happens; nil once the connection is over. Weak, because the delegate owns the
    /// connection.
    weak var delegate: (any RedisConnectionDelegate)?
    /// The version of the Redis, such as `7.0.15`.
    var version = ""
    /// When the newest bytes came; `distantPast` if none has.
    private var heardAt = Instant.distantPast
    /// Whether a whole value has come.
    private var hasUnderstood = false

    let loop: any EventLoop
    private var context: ChannelHandlerContext?
    private var phase = Phase.commands
    private let reader = RespReader()
    /// The commands that the next flush writes. Its memory is used again.
    private var outgoing = ByteBuffer()
    private var unanswered = UnansweredCommands()
    /// What the present read has brought to a subscriber.
    private var pushes: [RespValue] = []
    /// The channel's events that wait until the present one has been handled.
    private var events = CircularBuffer<Event>()
    private var isBusy = false

    init(loop: any EventLoop) {
        self.loop = loop
    }

    /// Why the connection is over; nil while it is open.
    var fault: RedisFault? {
        if case .over(let fault) = phase { fault } else { nil }
    }

    /// Whether commands may still be answered.
    var isOpen: Bool {
        if case .over = phase { false } else { true }
    }

    /// Whether any byte has come.
    var hasHeard: Bool { heardAt > .distantPast }

    /// The number of commands without an answer yet.
    var unansweredCount: Int { unanswered.count }
}

// MARK: - Out

extension RedisConnection {
    /// Sends a command: its name first, then its arguments.
    func send(_ words: [[UInt8]], then: @escaping (Answer) -> Void) {
        send(RedisCommand(words), then: then)
    }

    /// Sends a command.
    ///
    /// Fails: through `then`; in a later turn of the loop if the connection is over already.
    func send(_ command: RedisCommand, then: @escaping (Answer) -> Void) {
        switch phase {
        case .commands:
            unanswered.append(isProof: false, then: then)
            write(command)
        case .subscriber: preconditionFailure("a subscriber sends no commands")
        case .over(let fault): loop.assumeIsolated().execute { then(.failure(fault)) }
        }
    }

    /// Subscribes to channels. From now on the connection is a subscriber: what is published, and the
    /// confirmations, are pushed.
    func subscribe(_ channels: [[UInt8]]) {
        guard isOpen else { return }
        phase = .subscriber
        write(RedisCommand([Array("SUBSCRIBE".utf8)] + channels))
    }

    /// Unsubscribes from channels, which Redis confirms by a push.
    func unsubscribe(_ channels: [[UInt8]]) {
        if case .commands = phase { preconditionFailure("only a subscriber unsubscribes") }
        // Without a channel the command would mean all of them.
        guard !channels.isEmpty else { return }
        write(RedisCommand([Array("UNSUBSCRIBE".utf8)] + channels))
    }

    /// Writes all commands since the last flush to the socket.
    func flush() {
        guard let context, isOpen else { return }
        guard outgoing.readableBytes > 0 else { return }
        // A write that fails makes the channel read what is left and close, all of it inside this
        // call. A caller of `flush` does not expect callbacks, so these events wait for a task of
        // their own.
        let wasBusy = isBusy
        isBusy = true
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        isBusy = wasBusy
        if outgoing.storageCapacity <= Limits.redisWriteBufferBytes {
            outgoing.clear()
        } else {
            outgoing = ByteBuffer()
        }
        guard !wasBusy, !events.isEmpty else { return }
        loop.assumeIsolated().execute { self.handleEvents() }
    }

    private func write(_ command: RedisCommand) {
        guard isOpen, context != nil else { return }
        command.append(to: &outgoing)
    }
}

// MARK: - In

extension RedisConnection {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        handle(.bytes(unwrapInboundIn(data)))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        handle(.readComplete)
    }

    func channelInactive(context: ChannelHandlerContext) {
        handle(.ended)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Reading has failed: no more bytes will come, and the channel closes.
        handle(.ended)
    }

    /// Handles one event after the other, even if the channel fires one from inside a callback.
    private func handle(_ event: Event) {
        guard isOpen else { return }
        guard !isBusy, events.isEmpty else {
            events.append(event)
            return handleEvents()
        }
        isBusy = true
        carryOut(event)
        isBusy = false
        // Nearly always no event has come meanwhile.
        if !events.isEmpty { handleEvents() }
    }

    private func handleEvents() {
        guard !isBusy else { return }
        isBusy = true
        while let event = events.popFirst() { carryOut(event) }
        isBusy = false
    }

    private func carryOut(_ event: Event) {
        switch event {
        case .bytes(let buffer): read(buffer)
        case .readComplete: handOverPushes()
        case .ended: fail(.closed)
        }
    }

    private func read(_ bytes: ByteBuffer) {
        heardAt = Clock.now
        var rest = bytes
        do throws(RespReader.Garbled) {
            while isOpen, let value = try reader.next(from: &rest) { hear(value, in: bytes) }
        } catch {
            let said = hasUnderstood ? error.reason.redisExcerpt : Self.excerpt(of: bytes)
            fail(.notRedis(.said(said)))
        }
    }

    private func hear(_ value: RespValue, in bytes: ByteBuffer) {
        hasUnderstood = true
        if let command = unanswered.popFirst() {
            if !command.isProof { delegate?.answered(self, sent: command.sent, now: heardAt) }
            command.then(.success(value))
        } else if case .subscriber = phase {
            pushes.append(value)
        } else if let complaint = value.complaint {
            // Redis sends an error before any command if it does not accept the connection.
            fail(RedisFault(error: complaint))
        } else {
            fail(.notRedis(.said(Self.excerpt(of: bytes))))
        }
    }

    private func handOverPushes() {
        guard !pushes.isEmpty else { return }
        let batch = pushes
        pushes.removeAll(keepingCapacity: true)
        delegate?.pushed(self, batch)
    }

    private static func excerpt(of bytes: ByteBuffer) -> String {
        // A character has four bytes at most.
        let longest = 4 * (Limits.redisExcerptCharacters + 1)
        return String(decoding: bytes.readableBytesView.prefix(longest), as: UTF8.self).redisExcerpt
    }
}

// MARK: - The end

extension RedisConnection {
    /// Ends the connection if its oldest command has waited too long. An idle connection sends a PING:
    /// so Redis does not close it as idle, and a dead one is found out before a command needs it.
    ///
    /// The owner calls this about every `Limits.wheelTick`.
    func tick(now: Instant) {
        if unanswered.isOverdue(now: now, heardAt: heardAt) { return fail(.timedOut) }
        guard case .commands = phase, unanswered.isIdle(now: now) else { return }
        // An error proves as well that the connection lives.
        unanswered.append(isProof: true) { _ in }
        write(Self.proof)
        flush()
    }

    private static let proof = RedisCommand([Array("PING".utf8)])

    /// Ends the connection for a reason of the owner's, as if it had failed by itself: inside this call
    /// every command without an answer fails, then the delegate is told.
    func fail(_ fault: RedisFault) {
        guard isOpen else { return }
        // What came before the end counts.
        handOverPushes()
        guard isOpen else { return }
        end(fault)
        // No command is added any more, but a callback may call `close`, which drops the rest.
        while let command = unanswered.popFirst() { command.then(.failure(fault)) }
        let delegate = self.delegate
        self.delegate = nil
        delegate?.isOver(self, fault)
    }

    /// Ends the connection without any callback: not of the commands without an answer, and not of the
    /// delegate. After this has returned, none is called.
    func close() {
        if isOpen { end(.closed) }
        unanswered.removeAll()
        pushes = []
        delegate = nil
    }

    private func end(_ fault: RedisFault) {
        phase = .over(fault)
        events.removeAll()
        context?.close(promise: nil)
    }
}
