import ChatCore
import NIOCore

/// One connection to Redis: commands in, answers out, in order.
///
/// Commands are put together at once and leave with the next `flush`, in one piece; the answers
/// come in the order of the commands. After `subscribe` it speaks no commands any more and only
/// listens. A connection that fails in any way is over: what was not answered fails, then its owner
/// is told, and connecting again is the owner's to do.
///
/// On: its loop, everything, callbacks included. `send`, `subscribe`, `flush` and `close` call
/// nobody back before they return, and any callback may call them. The channel keeps the connection
/// until it is closed: whoever lets go of one closes it first.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What becomes of a command: Redis's answer, which may be an error, or, if there is none, why;
    /// then nobody knows whether the command was carried out.
    typealias Answer = Result<RespValue, RedisFault>

    private struct Command {
        let sent: Instant
        /// It only proves that the connection lives: nobody has asked for anything.
        let isProof: Bool
        let then: (Answer) -> Void
    }

    /// What came from the channel.
    private enum Event {
        case bytes(ByteBuffer)
        case readComplete
        case ended
    }

    /// Hears what was published, all of one read together; also the confirmations, and errors.
    var onPush: (([RespValue]) -> Void)?
    /// Hears once that the connection is over, unless it was closed by `close`.
    var onClosed: ((RedisFault) -> Void)?
    /// Hears of each answer, when its command was sent and when it came. The connection's own PING
    /// is not counted.
    var onAnswered: ((_ sent: Instant, _ now: Instant) -> Void)?
    /// Of the Redis on the other side, such as `7.0.15`.
    var version = ""
    /// Anything at all has come.
    private(set) var hasHeard = false
    private var heardAt = Instant.distantPast
    /// Some of it made sense.
    private var hasUnderstood = false

    let loop: any EventLoop
    private var context: ChannelHandlerContext?
    /// Why it is over; nil while it is not.
    private(set) var fault: RedisFault?
    private var isSubscriber = false
    private let reader = RespReader()
    /// Commands that leave with the next flush. Its memory serves the next ones, too.
    private var outgoing = ByteBuffer()
    private var unanswered = CircularBuffer<Command>()
    /// When the newest command was asked; before the first, when there was a connection.
    private var sentAt = Clock.now
    /// Published in this read.
    private var pushes: [RespValue] = []
    /// What the channel said while it was not listened to.
    private var events = CircularBuffer<Event>()
    private var isBusy = false

    init(loop: any EventLoop) {
        self.loop = loop
    }

    /// Whether commands may still be answered.
    var isOpen: Bool { fault == nil }

    /// Commands without an answer yet.
    var unansweredCount: Int { unanswered.count }
}

// MARK: - Out

extension RedisConnection {
    /// Asks for something: the command's name first, then its arguments.
    func send(_ words: [[UInt8]], then: @escaping (Answer) -> Void) {
        send(RedisCommand(words), then: then)
    }

    /// Asks for something.
    ///
    /// Fails: through `then`; where the connection is over already, in a later turn of the loop.
    func send(_ command: RedisCommand, then: @escaping (Answer) -> Void) {
        precondition(!isSubscriber, "a subscriber sends no commands")
        if let fault {
            loop.assumeIsolated().execute { then(.failure(fault)) }
            return
        }
        ask(command, then: then)
    }

    /// Puts a command behind those that wait for an answer.
    private func ask(
        _ command: RedisCommand,
        isProof: Bool = false,
        then: @escaping (Answer) -> Void
    ) {
        sentAt = Clock.now
        unanswered.append(Command(sent: sentAt, isProof: isProof, then: then))
        write(command)
    }

    /// Listens to channels, from now on for ever. What they say, and that they are listened to, is
    /// pushed.
    func subscribe(_ channels: [[UInt8]]) {
        isSubscriber = true
        write(RedisCommand([Array("SUBSCRIBE".utf8)] + channels))
    }

    /// Stops listening to channels, which is confirmed by a push.
    func unsubscribe(_ channels: [[UInt8]]) {
        precondition(isSubscriber, "only a subscriber stops to be one")
        // Without a channel it would mean all of them.
        guard !channels.isEmpty else { return }
        write(RedisCommand([Array("UNSUBSCRIBE".utf8)] + channels))
    }

    /// Lets everything written since the last time leave.
    func flush() {
        guard let context, isOpen else { return }
        guard outgoing.readableBytes > 0 else { return }
        // A write that fails makes the channel read what is left and close, all of it inside this
        // call; nobody who flushes expects to be called back, so that waits for a task of its own.
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
        // Reading has failed: nothing more will come, and the channel closes.
        handle(.ended)
    }

    /// One event after the other, however deep in a callback the channel speaks.
    private func handle(_ event: Event) {
        guard isOpen else { return }
        guard !isBusy, events.isEmpty else {
            events.append(event)
            return handleEvents()
        }
        isBusy = true
        carryOut(event)
        isBusy = false
        // Nearly always nothing has come meanwhile.
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
        hasHeard = true
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
            if !command.isProof { onAnswered?(command.sent, heardAt) }
            command.then(.success(value))
        } else if isSubscriber {
            pushes.append(value)
        } else if let complaint = value.complaint {
            // Who is turned away at the door is told so unasked.
            fail(RedisFault(error: complaint))
        } else {
            fail(.notRedis(.said(Self.excerpt(of: bytes))))
        }
    }

    private func handOverPushes() {
        guard !pushes.isEmpty else { return }
        let batch = pushes
        pushes.removeAll(keepingCapacity: true)
        onPush?(batch)
    }

    private static func excerpt(of bytes: ByteBuffer) -> String {
        // A character has four bytes at most.
        let longest = 4 * (Limits.redisExcerptCharacters + 1)
        return String(decoding: bytes.readableBytesView.prefix(longest), as: UTF8.self).redisExcerpt
    }
}

// MARK: - The end

extension RedisConnection {
    /// Ends the connection if its oldest command has waited too long and nothing has come
    /// meanwhile: behind many others an answer may take longer, and is on its way. One over which
    /// nothing is said proves itself by a PING, so that Redis does not take it for idle, and nobody
    /// who needs it is the first to find out that it is dead. To be called every `Limits.wheelTick`
    /// or so.
    func tick(now: Instant) {
        if let oldest = unanswered.first {
            let since = max(oldest.sent, heardAt)
            if now - since >= Limits.redisCommandTimeout { fail(.timedOut) }
        } else if !isSubscriber, isOpen, now - sentAt >= Limits.redisIdleInterval {
            // An error is an answer as well.
            ask(Self.proof, isProof: true) { _ in }
            flush()
        }
    }

    private static let proof = RedisCommand([Array("PING".utf8)])

    /// Ends the connection for a reason of the owner's, as if it had failed by itself: whoever
    /// waits is told inside the call, then `onClosed` is.
    func fail(_ fault: RedisFault) {
        guard isOpen else { return }
        // What was heard before the end counts.
        handOverPushes()
        guard isOpen else { return }
        end(fault)
        // Nobody adds to them any more, but `close` may forget them.
        while let command = unanswered.popFirst() { command.then(.failure(fault)) }
        let onClosed = self.onClosed
        letGo()
        onClosed?(fault)
    }

    /// Ends the connection and calls nobody back, neither those who wait nor `onClosed`; once this
    /// has returned, nothing is ever called.
    func close() {
        if isOpen { end(.closed) }
        unanswered = []
        letGo()
    }

    private func end(_ fault: RedisFault) {
        self.fault = fault
        events.removeAll()
        context?.close(promise: nil)
    }

    private func letGo() {
        pushes = []
        onPush = nil
        onAnswered = nil
        onClosed = nil
    }
}
