import ChatCore
public import NIOCore
public import NIOPosix

/// Why a call of the client failed.
public enum ChatClientError: Error, Hashable, Sendable {
    /// The connection has ended, or was never opened.
    case ended(ConnectionEnd)
    /// The server refused the name, as `taken`, `invalid`, `forbidden` or `unavailable`, with a
    /// sentence.
    case loginFailed(reason: String, message: String)
    /// No answer came in this time.
    case noAnswer(within: Duration)
    /// A login already waits for its answer.
    case busy
}

/// A client of a chat: connects, logs in, sends, and receives what all users send.
///
///     let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:4567/ws"))
///     try await client.login("Ada")
///     try await client.send("hello")
///     for try await message in client.messages { … }
///
/// It does not reconnect. It may be used from any task.
public final class ChatClient: Sendable {
    /// Everything that the server sends, but for the answers to `login`.
    public let messages: Messages
    private let core: ClientCoreBox

    private init(messages: Messages, core: ClientCoreBox) {
        self.messages = messages
        self.core = core
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
        let box = ClientCoreBox.makeEmptyBox(valueType: ClientCore.self, eventLoop: loop)
        let inbox = Messages.Producer.makeSequence(
            backPressureStrategy: .init(
                lowWatermark: Limits.inboxMessages / 2,
                highWatermark: Limits.inboxMessages
            ),
            finishOnDeinit: true,
            delegate: InboxReader(core: box)
        )
        try await loop.flatSubmit {
            let core = ClientCore(on: loop, inbox: inbox.source)
            box.value = core
            return core.connect(to: url, settings, from: source)
        }.get()
        return ChatClient(messages: Messages(producer: inbox.sequence), core: box)
    }

    /// Claims a name, and returns the name of the node that this client is connected to.
    ///
    /// Fails: with `loginFailed` if the server refuses, with `noAnswer` after
    /// `Limits.loginTimeout`. A name that the client already has is kept; a `logged_in` that comes
    /// too late is valid, and is among the messages.
    @discardableResult
    public func login(_ name: String) async throws -> String {
        try await ask { $0.login(name) }
    }

    /// Gives the name back; the answer is among the messages.
    public func logout(_ name: String) async throws {
        try await send(type: "logout", username: name, json: nil)
    }

    /// Sends a text under the name that was logged in. Returns when the system has the text, not
    /// when others have received it; a refusal is among the messages, as an `error`.
    public func send(_ text: String) async throws {
        var json: [UInt8] = []
        JSONWriter.append(text, to: &json)
        try await send(json: json)
    }

    /// Sends any JSON value, which is relayed byte for byte.
    public func send(json: [UInt8]) async throws {
        try await send(type: "chat", username: nil, json: json)
    }

    private func send(type: String, username: String?, json: [UInt8]?) async throws {
        try await ask { $0.send(type: type, username: username, json: json) }
    }

    /// Sends a close frame and waits until the connection is closed, five seconds at most.
    public func close() async {
        try? await ask { $0.close() }
    }

    private func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (ClientCore) -> EventLoopFuture<Answer>
    ) async throws -> Answer {
        try await core.eventLoop.flatSubmit { [core] in
            guard let core = core.value else { preconditionFailure("made by connect") }
            return body(core)
        }.get()
    }
}
