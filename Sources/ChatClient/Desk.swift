import ChatCore
import NIOCore

/// A `ChatClient`'s side on the loop: who waits for what. On: its loop.
final class Desk: ClientConnectionDelegate {
    private let loop: any EventLoop
    private let inbox: Messages.Producer.Source
    private(set) var connection: ClientConnection?
    /// Under which the server knows us: that of its latest `logged_in`.
    private(set) var name = ""
    /// Why nothing can be done any more.
    private var end: ConnectionEnd?
    private var isClosing = false

    private let opening: EventLoopPromise<Void>
    private let ending: EventLoopPromise<Void>
    private var login: Login?

    /// A login that waits for its answer.
    private struct Login {
        let name: String
        let answer: EventLoopPromise<String>
        let timeout: Scheduled<Void>

        /// Whether an answer about this name is its own, and not that of an earlier one which came
        /// late. The server writes a name that is valid in its own way, any other as it came.
        func isMeant(by username: String?) -> Bool {
            guard let username, username != name else { return true }
            guard let wanted = try? Username(name) else { return false }
            return (try? Username(username)) == wanted
        }
    }

    init(on loop: any EventLoop, inbox: Messages.Producer.Source) {
        self.loop = loop
        self.inbox = inbox
        opening = loop.makePromise()
        ending = loop.makePromise()
    }

    func connect(
        to url: ChatURL,
        _ settings: ClientSettings,
        from source: SocketAddress?
    ) -> EventLoopFuture<Void> {
        let connector = ClientConnector(on: loop, settings: settings)
        connection = connector.connect(to: url, from: source, delegate: self)
        return opening.futureResult
    }

    // MARK: What the user wants

    func login(_ name: String) -> EventLoopFuture<String> {
        if let end { return loop.makeFailedFuture(ChatClientError.ended(end)) }
        guard login == nil else { return loop.makeFailedFuture(ChatClientError.busy) }
        let answer = loop.makePromise(of: String.self)
        let patience = Limits.loginTimeout
        let timeout = loop.assumeIsolated().scheduleTask(
            in: .nanoseconds(patience.inNanoseconds)
        ) { [self] in
            settleLogin(.failure(ChatClientError.noAnswer(within: patience)))
        }
        login = Login(name: name, answer: answer, timeout: timeout)
        say(type: "login", username: name, json: nil, promise: nil)
        return answer.futureResult
    }

    func send(type: String, username: String?, json: [UInt8]?) -> EventLoopFuture<Void> {
        if let end { return loop.makeFailedFuture(ChatClientError.ended(end)) }
        let promise = loop.makePromise(of: Void.self)
        say(type: type, username: username ?? name, json: json, promise: promise)
        return promise.futureResult
    }

    func close() -> EventLoopFuture<Void> {
        if isClosing { return ending.futureResult }
        isClosing = true
        connection?.close()
        // Where the inbox is full nothing is read, the answer to our close frame neither.
        connection?.setReading(true)
        return ending.futureResult
    }

    private func say(
        type: String,
        username: String,
        json: [UInt8]?,
        promise: EventLoopPromise<Void>?
    ) {
        let text = PlainMessage.encode(type: type, username: username, value: json)
        connection?.write(text.span.bytes, promise: promise)
        connection?.flush()
    }

    private func settleLogin(_ result: Result<String, any Error>) {
        login?.timeout.cancel()
        login?.answer.completeWith(result)
        login = nil
    }

    // MARK: What the connection tells

    func connected(_ connection: ClientConnection) {}

    func opened(_ connection: ClientConnection) {
        opening.succeed()
    }

    func arrived(_ byteCount: Int, on connection: ClientConnection) {}

    func received(_ text: RawSpan, on connection: ClientConnection) {
        guard let message = HeardMessage(text) else { return }
        switch message.type {
        case "logged_in" where login?.isMeant(by: message.username) == true:
            name = message.username ?? name
            settleLogin(.success(message.node ?? ""))
        case "login_failure" where login?.isMeant(by: message.username) == true:
            let reason = (message.value ?? "").filter { $0 != "\"" }
            let error = ChatClientError.loginFailed(
                reason: reason,
                message: message.message ?? ""
            )
            settleLogin(.failure(error))
        default:
            // Late, but so the server knows us now.
            if message.type == "logged_in", let late = message.username { name = late }
            if case .stopProducing = inbox.yield(message) { connection.setReading(false) }
        }
    }

    func pinged(_ connection: ClientConnection) {}

    func ended(_ connection: ClientConnection, _ end: ConnectionEnd) {
        self.end = end
        self.connection = nil
        let error = ChatClientError.ended(end)
        opening.fail(error)
        settleLogin(.failure(error))
        if isClosing { inbox.finish() } else { inbox.finish(error) }
        ending.succeed()
    }
}
