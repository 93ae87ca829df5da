package import ChatCore
public import NIOCore
public import NIOPosix
import Synchronization

/// A client of a chat, in the dialect `chat.v1`.
///
///     let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:4567/ws"))
///     try await client.login("Ada")
///     let tea = try await client.join("tea")
///     try await tea.send("hello")
///     for try await case .chat(let message) in tea { print(message.username, message.json) }
///
/// If the connection ends, the client comes back by itself, to any node: to its name, to where it stood in
/// each room, and to the messages that have no answer yet, of which none is said twice. It ends for good after
/// `close`, and after the close codes of which docs/protocol/README.md says so; then each call fails with `ended`.
///
/// It may be used from any task; calls of one actor are made in their order. When the client and all its rooms are released, it closes.
public final class ChatClient: Sendable {
    /// How the client fares, for one reader: connected, interrupted, logged in …, until its end; the last
    /// `Limits.inboxMessages` are kept.
    public let statuses: AsyncStream<ClientStatus>
    let core: NIOLoopBound<ClientCore>
    private let maxSentBytes: Int
    private let lastCall = Atomic<UInt64>(0)

    private init(
        _ core: NIOLoopBound<ClientCore>,
        _ statuses: AsyncStream<ClientStatus>,
        _ max: Int
    ) {
        self.core = core
        self.statuses = statuses
        maxSentBytes = max
    }

    deinit {
        let number = nextCall()
        core.eventLoop.execute { [core] in
            core.value.call(number) {
                $0.close(number, at: $1)
            } answered: { _ in
            }
        }
    }

    /// Opens a connection.
    ///
    /// Fails: with `ChatClientError.ended`, which says why. Only this first attempt is made: later ones are
    /// made until the client is closed.
    public static func connect(
        to url: ChatURL,
        settings: ClientSettings = ClientSettings(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> ChatClient {
        try await connect(to: url, settings: settings, on: group, clock: ClientCore.systemTime)
    }

    /// Opens a connection of a client that takes the time from a clock, which may go forward as if the machine
    /// had slept.
    package static func connect(
        to url: ChatURL,
        settings: ClientSettings = ClientSettings(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        clock: @escaping @Sendable () -> Instant
    ) async throws -> ChatClient {
        var settings = settings
        settings.subprotocol = "chat.v1"
        let loop = group.next()
        let (statuses, reporter) = AsyncStream.makeStream(
            of: ClientStatus.self,
            bufferingPolicy: .bufferingNewest(Limits.inboxMessages)
        )
        let core = try await loop.submit { [settings] in
            NIOLoopBound(
                ClientCore(
                    on: loop,
                    url: url,
                    settings: settings,
                    statuses: reporter,
                    clock: clock
                ),
                eventLoop: loop
            )
        }.get()
        let client = ChatClient(core, statuses, settings.maxSentBytes)
        _ = try await client.call { $0.start($2, at: $1) }
        return client
    }

    // MARK: The name

    /// Claims a name. With the `session` of an earlier login, of another process for example, it takes that
    /// one over. With the name that the client has and another token, it renews its right to the name.
    ///
    /// The answer may take as long as the client needs to come back; a node that cannot tell at present is
    /// asked again. Cancellation gives the name back.
    ///
    /// Fails: with `loginFailed` if the server refuses, with `hasName` if the client has another name, with
    /// `tooLong` if a node would close the connection for the length of the token.
    @discardableResult
    public func login(
        _ name: String,
        session: String? = nil,
        token: String? = nil
    ) async throws -> LoginAnswer {
        // The client comes back with a secret of the node's, which is no longer than this one.
        let longest = session ?? String(repeating: "0", count: Limits.clientKeyBytes)
        let request = ClientRequest.login(name, session: longest, token: token)
        try check(byteCount: request.count)
        let answer = try await call { machine, now, call in
            machine.logIn(name, session: session, token: token, call: call, at: now)
        }
        guard case .login(let login) = answer else { preconditionFailure("a login's answer") }
        return login
    }

    /// Gives the name back, when each message before has its answer; later ones fail with `notLoggedIn`. A name
    /// that was not granted yet is given back when it is, and what waits for it fails.
    public func logout() async throws {
        _ = try await call { $0.logOut($2, at: $1) }
    }

    // MARK: Speaking

    /// Says a text in a room, which the client need not have joined. Returns when the message has its place in
    /// the room's order: from then on it is kept. While the client is away the message waits.
    ///
    /// Cancellation takes the message back if it has not been sent (`cancelled`). Otherwise it stays sent, and
    /// the call fails with `unknownOutcome`.
    ///
    /// Fails: with `notLoggedIn`; with `outboxFull` if `Limits.clientOutboxMessages` messages wait; with
    /// `refused`; with `unknownOutcome` if the name was lost while the message was on its way. In this last
    /// case the message may have been said: the client does not send it again, the application may.
    @discardableResult
    public func send(_ text: String, to room: String = "lobby") async throws -> Receipt {
        var json: [UInt8] = []
        JSONWriter.append(text, to: &json)
        return try await send(json: json, to: room)
    }

    /// Says any JSON value in UTF-8, which is relayed byte for byte. As `send`.
    @discardableResult
    public func send(json: [UInt8], to room: String = "lobby") async throws -> Receipt {
        try Self.check(room)
        guard JSONReader.isValue(json.span.bytes) else {
            throw ChatClientError.refused(code: "bad_json", message: "The value is not JSON")
        }
        guard String(validating: json, as: UTF8.self) != nil else {
            throw ChatClientError.refused(code: "bad_json", message: "The value is not UTF-8")
        }
        // The longest number, and what stands around it.
        try check(byteCount: json.count + room.utf8.count + Limits.clientKeyBytes)
        return try await receipt { $0.say(json, in: room, call: $2, at: $1) }
    }

    func remove(
        seq: UInt64,
        mid: String,
        reason: String?,
        in room: String
    ) async throws -> Receipt {
        var json: [UInt8] = []
        JSONWriter.append(reason ?? "", to: &json)
        guard json.count <= Limits.removalReasonBytes else {
            throw ChatClientError.tooLong(limit: Limits.removalReasonBytes)
        }
        return try await receipt { machine, now, call in
            machine.remove(seq: seq, mid: mid, reason: reason, in: room, call: call, at: now)
        }
    }

    /// Refuses what a node would close the connection for.
    private func check(byteCount: Int) throws {
        guard byteCount <= maxSentBytes else {
            throw ChatClientError.tooLong(limit: maxSentBytes)
        }
    }

    private func receipt(
        _ event: @escaping @Sendable (inout ClientMachine, Instant, CallNumber) -> Void
    ) async throws -> Receipt {
        guard case .receipt(let receipt) = try await call(event) else {
            preconditionFailure("a message's answer")
        }
        return receipt
    }

    /// Returns how many messages have no answer yet.
    public func outboxCount() async throws -> Int {
        try await core.eventLoop.submit { [core] in core.value.outboxCount }.get()
    }

    // MARK: Rooms

    /// Enters a room: with the last N messages if `history` is given, otherwise from now on. Returns when the
    /// node has said where the client stands. The room is to be read: see `ChatRoom`.
    ///
    /// Fails: with `refused` if the node refuses the name of the room, or the client is in too many; with
    /// `alreadyJoined`. Cancellation leaves the room.
    public func join(_ room: String = "lobby", history: Int? = nil) async throws -> ChatRoom {
        try Self.check(room)
        let core = core
        let inbox = RoomInbox {
            core.eventLoop.execute { core.value.drained(room) }
        }
        let history = history.flatMap { $0 > 0 ? $0 : nil }
        _ = try await answer { core, call, answered in
            core.join(room, history: history, inbox: inbox, call: call, answered: answered)
        }
        return ChatRoom(name: room, client: self, inbox: inbox)
    }

    private static func check(_ room: String) throws {
        do throws(RoomNameError) {
            _ = try RoomName(room)
        } catch {
            let code = error == .tooLong ? "too_long" : "bad_name"
            throw ChatClientError.refused(code: code, message: "\(room) is no name of a room")
        }
    }

    // MARK: The end

    /// Gives the name back, closes the connection and ends all rooms. Returns when the connection is closed,
    /// ten seconds later at most. Messages that were not sent fail with `closed`.
    public func close() async {
        _ = try? await call { $0.close($2, at: $1) }
    }

    // MARK: Calls

    private func nextCall() -> CallNumber {
        CallNumber(lastCall.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    func call(
        _ event: @escaping @Sendable (inout ClientMachine, Instant, CallNumber) -> Void
    ) async throws -> ClientMachine.Answer {
        try await answer { core, call, answered in
            core.call(call, { event(&$0, $1, call) }, answered: answered)
        }
    }

    /// Makes a call on the client's loop, and returns its answer. A cancelled task's call is cancelled.
    ///
    /// The call is on its way before the task waits for anything: two calls of one actor are made in their
    /// order.
    private func answer(
        _ body: @escaping @Sendable (ClientCore, CallNumber, @escaping ClientCore.Answered) -> Void
    ) async throws -> ClientMachine.Answer {
        guard !Task.isCancelled else { throw ChatClientError.cancelled }
        let number = nextCall()
        let promise = core.eventLoop.makePromise(of: ClientMachine.Answer.self)
        core.eventLoop.execute { [core] in
            body(core.value, number) { promise.completeWith($0.mapError { $0 }) }
        }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            core.eventLoop.execute { [core] in
                core.value.run { $0.cancel(number, at: $1) }
            }
        }
    }
}
