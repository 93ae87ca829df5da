import ChatClient
import ChatCore

/// One client of the load generator: comes in, logs in, then hears for its crew.
///
/// On: its crew's loop.
final class BenchClient: ClientConnectionDelegate {
    private enum Stage {
        case connecting, upgrading, loggingIn
        case inside
        case over
    }

    /// Its number in the whole run, and so its name.
    let number: Int
    /// Its place among its crew's recipients; nil for one that is not measured.
    let place: Int?
    let name: String
    /// Until it is over.
    private(set) var connection: ClientConnection?
    /// The crew ends it, so its end is no news.
    var isLeaving = false
    private let crew: Crew
    private var stage = Stage.connecting
    /// When it was meant to come, and when the step at hand began.
    private let began: Instant
    private var stepBegan: Instant

    init(number: Int, place: Int?, crew: Crew, meantToCome: Instant) {
        self.number = number
        self.place = place
        self.crew = crew
        name = crew.plan.envelope.name(number)
        began = meantToCome
        stepBegan = Clock.now
    }

    func come() {
        let route = crew.plan.route(number)
        connection = crew.connector.connect(
            to: route.url,
            .address(route.address),
            from: route.source,
            delegate: self
        )
    }

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

    // MARK: What the connection tells

    func connected(_ connection: ClientConnection) {
        stage = .upgrading
        crew.arrivals.connect.record(step())
    }

    func opened(_ connection: ClientConnection) {
        stage = .loggingIn
        crew.arrivals.upgrade.record(step())
        say(PlainMessage.encode(type: "login", username: name))
        connection.flush()
    }

    func arrived(_ byteCount: Int, on connection: ClientConnection) {
        crew.now = Clock.now
        crew.bytes += byteCount
    }

    func received(_ text: RawSpan, on connection: ClientConnection) {
        switch stage {
        case .inside:
            crew.heard(text, by: self)
        case .loggingIn:
            guard let message = HeardMessage(text), message.type != "chat" else { return }
            guard message.type == "logged_in" else { return giveUp(reason(message)) }
            stage = .inside
            crew.arrivals.login.record(step())
            crew.arrivals.whole.record(crew.now - began)
            crew.cameIn(self)
        case .connecting, .upgrading, .over: break
        }
    }

    func pinged(_ connection: ClientConnection) {
        crew.pings += 1
    }

    func ended(_ connection: ClientConnection, _ end: ConnectionEnd) {
        let before = stage
        stage = .over
        self.connection = nil
        switch before {
        case .inside: crew.lost(self, end)
        case .connecting, .upgrading, .loggingIn: crew.didNotComeIn(self, "\(end)")
        case .over: break
        }
    }

    /// It is not let in, or not waited for.
    func giveUp(_ reason: String) {
        stage = .over
        crew.didNotComeIn(self, reason)
        cut()
    }

    /// Without the name: many clients may be refused for one reason.
    private func reason(_ answer: HeardMessage) -> String {
        let words = [answer.type, answer.value, answer.code, answer.message].compactMap { $0 }
        return "the login got " + words.joined(separator: " ")
    }

    private func step() -> Duration {
        let now = Clock.now
        defer { stepBegan = now }
        return now - stepBegan
    }
}
