import ChatClient
import ChatCore
import ChatSupport
import NIOCore

/// One client of the load generator: connects, logs in, joins its room if the dialect has rooms, then
/// passes what it receives to its group.
///
/// On: its group's loop.
final class BenchClient: ClientConnectionDelegate {
    private enum Stage {
        case connecting, upgrading, loggingIn, joining
        case inside
        case over
    }

    /// Its number in the whole run, from which its name is made.
    let number: Int
    /// Its place among its group's recipients; nil for a client that is not measured.
    let place: Int?
    let name: String
    /// The connection, until it ends.
    private(set) var connection: ClientConnection?
    /// The place in its room's order at which the client stands before the run's messages, if it is
    /// known.
    var joinedSeq: UInt64?
    /// The login and the position with which the client comes back; empty in the plain dialect.
    var resumePoint = ResumePoint()
    /// Whether the group itself ends this client, so that its end is not reported.
    var isLeaving = false
    private let group: ClientGroup
    private var stage = Stage.connecting
    /// When the client was scheduled to connect, and when its current step began.
    private var began: Instant
    private var stepBegan: Instant

    init(number: Int, place: Int?, group: ClientGroup, meantToCome: Instant) {
        self.number = number
        self.place = place
        self.group = group
        name = group.plan.codec.name(number)
        began = meantToCome
        stepBegan = Clock.now
    }

    /// Whether the client is logged in and has joined its room.
    var isInside: Bool { stage == .inside }

    func come() {
        let route = group.storm?.route(of: self) ?? group.plan.route(number)
        connection = nil
        let made = group.connector.connect(
            to: route.url,
            .address(route.address),
            from: route.source,
            delegate: self
        )
        // If it could not even begin, it has ended already.
        if stage != .over { connection = made }
    }

    /// Connects again, with what the client has of its former connection; `offered` is when it was meant
    /// to.
    func comeBack(offered: Instant) {
        connection?.cut()
        isLeaving = false
        (began, stepBegan, stage) = (offered, Clock.now, .connecting)
        come()
    }

    /// Resets the connection, as a network that fails would.
    func drop() { connection?.cut() }

    func say(_ message: [UInt8]) {
        connection?.write(message.span.bytes)
    }

    func cut() {
        isLeaving = true
        connection?.cut()
    }

    func close() {
        isLeaving = true
        connection?.close()
    }

    // MARK: Events of the connection

    func connected(_ connection: ClientConnection) {
        stage = .upgrading
        group.arrivals.connect.record(step())
    }

    func opened(_ connection: ClientConnection) {
        stage = .loggingIn
        group.arrivals.upgrade.record(step())
        logIn()
    }

    private func logIn() {
        say(group.plan.codec.login(from: number, session: resumePoint.session))
        connection?.flush()
    }

    func arrived(_ byteCount: Int, on connection: ClientConnection) {
        group.now = Clock.now
        group.bytes += byteCount
    }

    func received(_ text: RawSpan, on connection: ClientConnection) {
        switch stage {
        case .inside:
            group.heard(text, by: self)
        case .loggingIn:
            guard let message = HeardMessage(text), message.type != "chat" else { return }
            guard message.type == "logged_in" else {
                return refused(message, "login") { $0.logIn() }
            }
            group.arrivals.login.record(step())
            resumePoint.take(login: message)
            group.storm?.loggedIn(self, message)
            join()
        case .joining:
            // The messages that it has missed are heard like any other.
            if resumePoint.isReturning, StampCodec.isChat(text) {
                group.heard(text, by: self)
            } else {
                hearWhileJoining(text)
            }
        case .connecting, .upgrading, .over: break
        }
    }

    private func join() {
        guard let request = group.plan.codec.join(from: number, since: resumePoint.since) else {
            return comeIn()
        }
        stage = .joining
        resumePoint.isReturning = resumePoint.since != nil
        say(request)
        connection?.flush()
    }

    private func hearWhileJoining(_ text: RawSpan) {
        guard let message = HeardMessage(text) else { return }
        switch message.type {
        case "joined":
            joinedSeq = message.seq
            group.storm?.joined(self, message)
            resumePoint.take(position: message)
        case "chat":
            joinedSeq = message.seq ?? joinedSeq
            resumePoint.take(position: message)
        case "synced":
            group.arrivals.join.record(step())
            comeIn()
        case "error": refused(message, "join") { $0.join() }
        default: group.storm?.heardOther(message, by: self)
        }
    }

    /// Takes a refusal. The client asks again if the node says when, or gives up.
    private func refused(
        _ answer: HeardMessage,
        _ request: String,
        again: @escaping (BenchClient) -> Void
    ) {
        let reason = reason(answer, to: request)
        guard let wait = answer.retryMs, let connection else { return giveUp(reason) }
        group.postponed[reason, default: 0] += 1
        let pause = TimeAmount.milliseconds(Int64(clamping: wait))
        group.loop.assumeIsolated().scheduleTask(in: pause) { [self] in
            if self.connection === connection { again(self) }
        }
    }

    private func comeIn() {
        stage = .inside
        group.arrivals.whole.record(group.now - began)
        group.cameIn(self)
    }

    func pinged(_ connection: ClientConnection) {
        group.pings += 1
    }

    func ended(_ connection: ClientConnection, _ end: ConnectionEnd) {
        // The client may have come back before its former connection was closed.
        guard self.connection == nil || self.connection === connection else { return }
        let before = stage
        stage = .over
        self.connection = nil
        switch before {
        case .inside: group.lost(self, end)
        case .connecting, .upgrading, .loggingIn, .joining: group.didNotComeIn(self, "\(end)")
        case .over: break
        }
    }

    /// Ends the attempt, because the client was refused or is not waited for.
    func giveUp(_ reason: String) {
        stage = .over
        group.didNotComeIn(self, reason)
        cut()
    }

    /// Returns the reason of a refusal without the client's name, so that equal reasons are counted
    /// together.
    private func reason(_ answer: HeardMessage, to request: String) -> String {
        let words = [answer.type, answer.value, answer.code, answer.message].compactMap { $0 }
        return "the \(request) got " + words.joined(separator: " ")
    }

    private func step() -> Duration {
        let now = Clock.now
        defer { stepBegan = now }
        return now - stepBegan
    }
}
