import ChatCore
import Glibc
import NIOCore
import Synchronization

/// The part of a `ChatClient` on its loop: carries out what its `ClientMachine` decides.
///
/// On: its loop, everything. A connection, a timer or a call that is waited for keeps it alive.
final class ClientCore {
    /// Tells the time; it goes on while the machine sleeps.
    typealias Clock = @Sendable () -> Instant
    typealias Answered = (Result<ClientMachine.Answer, ChatClientError>) -> Void

    /// One socket of the client, which passes its events on under its number.
    private final class Socket: ClientConnectionDelegate {
        let number: SocketNumber
        let core: ClientCore
        var connection: ClientConnection?

        init(_ number: SocketNumber, of core: ClientCore) {
            self.number = number
            self.core = core
        }

        func connected(_ connection: ClientConnection) {}
        func opened(_ connection: ClientConnection) {
            self.connection = connection
            core.opened(self)
        }
        func arrived(_ byteCount: Int, on connection: ClientConnection) {
            core.run { $0.heardBytes(on: self.number, at: $1) }
        }
        func received(_ text: RawSpan, on connection: ClientConnection) {
            core.received(text, on: number)
        }
        func pinged(_ connection: ClientConnection) {}
        func ended(_ connection: ClientConnection, _ end: ConnectionEnd) {
            core.ended(self, end)
        }
    }

    let loop: any EventLoop
    private let url: ChatURL
    private let connector: ClientConnector
    private let statuses: AsyncStream<ClientStatus>.Continuation
    private let clock: Clock
    private var machine = ClientMachine(random: SystemRandomNumberGenerator())
    private let queue = EffectQueue<ClientMachine.Effect>()
    private var sockets: [SocketNumber: Socket] = [:]
    private var calls: [CallNumber: Answered] = [:]
    private var inboxes: [String: RoomInbox] = [:]
    /// The rooms whose reader is slow: as long as there is one, no socket is read, unless a call waits. The
    /// reader may be the one who calls.
    private var full: Set<String> = []
    private var isReading = true
    private var wake: Instant?
    private var timer: Scheduled<Void>?
    /// When the timer is to end.
    private var timerEnd: Instant?
    /// The time of the present event.
    private var now = Instant.distantPast

    init(
        on loop: any EventLoop,
        url: ChatURL,
        settings: ClientSettings,
        statuses: AsyncStream<ClientStatus>.Continuation,
        clock: @escaping Clock
    ) {
        self.loop = loop
        self.url = url
        self.statuses = statuses
        self.clock = clock
        connector = ClientConnector(on: loop, settings: settings)
    }

    /// How many messages have no answer yet.
    var outboxCount: Int { machine.outboxCount }

    // MARK: Calls

    /// Hands a call to the machine. `answered` is called once.
    func call(
        _ call: CallNumber,
        _ event: (inout ClientMachine, Instant) -> Void,
        answered: @escaping Answered
    ) {
        calls[call] = answered
        run(event)
        updateReading()
    }

    func run(_ event: (inout ClientMachine, Instant) -> Void) {
        queue.run(
            { effects in
                event(&machine, look())
                effects += machine.takeEffects()
            },
            carryOut
        )
    }

    /// Enters a room whose events go to an inbox.
    func join(
        _ room: String,
        history: Int?,
        inbox: RoomInbox,
        call number: CallNumber,
        answered: @escaping Answered
    ) {
        guard inboxes[room] == nil else { return answered(.failure(.alreadyJoined)) }
        inboxes[room] = inbox
        call(number) {
            $0.join(room, history: history, call: number, at: $1)
        } answered: { result in
            if case .failure = result { self.forget(room, inbox) }
            answered(result)
        }
    }

    /// Leaves a room, unless it has been left and entered again meanwhile.
    func leave(_ room: String, inbox: RoomInbox) {
        guard inboxes[room] === inbox else { return }
        forget(room, inbox)
        inbox.finish(nil)
        run { $0.leave(room, at: $1) }
    }

    private func forget(_ room: String, _ inbox: RoomInbox) {
        guard inboxes[room] === inbox else { return }
        inboxes[room] = nil
        goOnReading(room)
    }

    // MARK: Reading

    /// Takes that a reader has caught up.
    func drained(_ room: String) {
        run { $0.goBack(to: room, at: $1) }
        goOnReading(room)
    }

    private func goOnReading(_ room: String) {
        full.remove(room)
        updateReading()
    }

    private func updateReading() {
        let isReading = full.isEmpty || !calls.isEmpty
        guard isReading != self.isReading else { return }
        self.isReading = isReading
        for socket in sockets.values { socket.connection?.setReading(isReading) }
        run { $0.reading(isPaused: !isReading, at: $1) }
    }

    private func tell(_ event: RoomEvent, in room: String) {
        guard let count = inboxes[room]?.append(event), count >= Limits.inboxMessages else {
            return
        }
        full.insert(room)
        updateReading()
        if count >= Limits.inboxMessagesInCalls { run { $0.stepOut(of: room, at: $1) } }
    }

    // MARK: Sockets

    private func opened(_ socket: Socket) {
        run { $0.opened(socket.number, at: $1) }
        guard !isReading else { return }
        socket.connection?.setReading(false)
        run { $0.reading(isPaused: true, at: $1) }
    }

    private func received(_ text: RawSpan, on number: SocketNumber) {
        // Not `run`: a closure cannot take a span along.
        let now = look()
        machine.received(text, on: number, at: now)
        run { _, _ in }
    }

    private func ended(_ socket: Socket, _ end: ConnectionEnd) {
        sockets[socket.number] = nil
        run { $0.ended(socket.number, end, at: $1) }
    }

    // MARK: Effects

    private func carryOut(_ effect: ClientMachine.Effect) {
        switch effect {
        case .open(let number): open(number)
        case .send(let number, let text):
            guard let connection = sockets[number]?.connection else { return }
            connection.write(text.span.bytes)
            connection.flush()
        case .close(let number):
            guard let connection = sockets[number]?.connection else { return }
            connection.close()
            // If a room's reader is slow, nothing is read, not even the answer to the close frame.
            connection.setReading(true)
        case .cut(let number): sockets[number]?.connection?.cut()
        case .wake(let instant):
            wake = instant
            arm()
        case .tell(let event, let room): tell(event, in: room)
        case .finish(let room, let error):
            guard let inbox = inboxes[room] else { return }
            inbox.finish(error)
            forget(room, inbox)
        case .report(let status): statuses.yield(status)
        case .end: statuses.finish()
        case .answer(let call, let result):
            calls.removeValue(forKey: call)?(result)
            updateReading()
        }
    }

    private func open(_ number: SocketNumber) {
        let socket = Socket(number, of: self)
        sockets[number] = socket
        let connection = connector.connect(to: url, delegate: socket)
        // It may have ended already.
        if sockets[number] != nil { socket.connection = connection }
    }

    /// Sets the timer, again and again until the instant has come: it stands still while the machine sleeps.
    private func arm() {
        timer?.cancel()
        (timer, timerEnd) = (nil, nil)
        guard let wake else { return }
        let wait = min(max(wake - now, .milliseconds(1)), Limits.clientTick)
        timerEnd = now + wait
        timer = loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.inNanoseconds)) {
            [self] in
            timer = nil
            run { machine, now in
                if wake <= now { self.wake = nil }
                machine.tick(at: now)
            }
            if timer == nil { arm() }
        }
    }

    /// Returns the time. The machine is told first if the timer ends so late that the system must have slept.
    private func look() -> Instant {
        now = clock()
        guard let end = timerEnd, now >= end + Limits.clientSleep else { return now }
        timerEnd = nil
        machine.slept(at: now)
        return now
    }

    /// The time of the system's clock that goes on while the machine sleeps.
    @Sendable static func systemTime() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
