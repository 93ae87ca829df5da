import ChatCore
public import NIOCore
public import NIOPosix

/// Why something could not be done.
public enum ChatClientError: Error, Hashable, Sendable {
    /// The connection is over, or never was.
    case ended(ConnectionEnd)
    /// The name is not ours: `taken`, `invalid`, `forbidden` or `unavailable`, and a sentence.
    case loginFailed(reason: String, message: String)
    /// No answer came in this time.
    case noAnswer(within: Duration)
    /// A login is waiting for its answer already.
    case busy
}

/// A client of a chat: connect, log in, say something, hear everybody.
///
///     let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:4567/ws"))
///     try await client.login("Ada")
///     try await client.send("hello")
///     for try await message in client.messages { … }
///
/// It does not reconnect. From any task.
public final class ChatClient: Sendable {
    /// Everything that the server says but the answers to `login`.
    public let messages: Messages
    private let desk: DeskBox

    private init(messages: Messages, desk: DeskBox) {
        self.messages = messages
        self.desk = desk
    }

    /// Opens a connection.
    ///
    /// Fails: with `ChatClientError.ended`, which says why.
    public static func connect(
        to url: ChatURL,
        settings: ClientSettings = ClientSettings(),
        from source: SocketAddress? = nil,
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> ChatClient {
        let loop = group.next()
        let box = DeskBox.makeEmptyBox(valueType: Desk.self, eventLoop: loop)
        let inbox = Messages.Producer.makeSequence(
            backPressureStrategy: .init(
                lowWatermark: Limits.inboxMessages / 2,
                highWatermark: Limits.inboxMessages
            ),
            finishOnDeinit: true,
            delegate: InboxReader(desk: box)
        )
        try await loop.flatSubmit {
            let desk = Desk(on: loop, inbox: inbox.source)
            box.value = desk
            return desk.connect(to: url, settings, from: source)
        }.get()
        return ChatClient(messages: Messages(producer: inbox.sequence), desk: box)
    }

    /// Claims a name. The answer is the name of the node that this client is connected to.
    ///
    /// Fails: `loginFailed` when it is not to be had, `noAnswer` after `Limits.loginTimeout`. A name
    /// that was held before stays; a `logged_in` that comes too late counts, and is among the messages.
    @discardableResult
    public func login(_ name: String) async throws -> String {
        try await ask { $0.login(name) }
    }

    /// Gives the name back; the answer comes with the messages.
    public func logout(_ name: String) async throws {
        try await send(type: "logout", username: name, json: nil)
    }

    /// Says a text under the name that was logged in. Returns when the system has it, not when it
    /// has been heard; a refusal comes with the messages, as an `error`.
    public func send(_ text: String) async throws {
        var json: [UInt8] = []
        JSONWriter.append(text, to: &json)
        try await send(json: json)
    }

    /// The same with any JSON value, which is relayed byte for byte.
    public func send(json: [UInt8]) async throws {
        try await send(type: "chat", username: nil, json: json)
    }

    private func send(type: String, username: String?, json: [UInt8]?) async throws {
        try await ask { $0.send(type: type, username: username, json: json) }
    }

    /// Says goodbye and waits until the connection is closed, five seconds at most.
    public func close() async {
        try? await ask { $0.close() }
    }

    private func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (Desk) -> EventLoopFuture<Answer>
    ) async throws -> Answer {
        try await desk.eventLoop.flatSubmit { [desk] in
            guard let desk = desk.value else { preconditionFailure("made by connect") }
            return body(desk)
        }.get()
    }
}
