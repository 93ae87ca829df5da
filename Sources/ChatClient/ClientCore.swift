import ChatCore
import NIOCore

/// The part of a `ChatClient` on its loop: matches answers to the calls that wait for them. On: its
/// loop.
final class ClientCore: ClientConnectionDelegate {
    private let loop: any EventLoop
    private let inbox: Messages.Producer.Source
    private(set) var connection: ClientConnection?
    /// The name under which the server knows the client: that of its latest `logged_in`.
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

        /// Returns whether an answer about this name is for this login, and not for an earlier one
        /// whose answer came late. The server writes a valid name in its own form, any other as it
        /// came.
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

    // MARK: Calls of the user

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
        // If the inbox is full, nothing is read, not even the answer to the close frame.
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

    // MARK: Events of the connection

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
            // The answer is late, but the server knows the client by this name now.
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
