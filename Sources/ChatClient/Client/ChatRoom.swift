import ChatCore
import NIOCore

/// A room that a client is in: the sequence of what it hears there, in order, for one reader.
///
/// It is to be read. If more than `Limits.inboxMessages` events wait, the client reads nothing from its socket
/// until half of them are taken: nothing is dropped, and all its rooms wait. The node closes the connection of a
/// client that is too slow; then it comes back to where it stood. While a call waits for its answer the socket is
/// read on, because it may be the reader who calls; if `Limits.inboxMessagesInCalls` wait then, the client leaves
/// the room until they are taken, and goes on from where it stood.
///
/// The sequence goes on through lost connections, each of which ends with another `joined`. It ends after
/// `leave` or `close`, and throws if the room or the client is refused for good. A loop that was left can be
/// begun again. When the room is released, the client leaves it.
public final class ChatRoom: AsyncSequence, Sendable {
    /// An element of the sequence: an event of the room.
    public typealias Element = RoomEvent

    /// The room's name.
    public let name: String
    private let client: ChatClient
    private let inbox: RoomInbox

    init(name: String, client: ChatClient, inbox: RoomInbox) {
        self.name = name
        self.client = client
        self.inbox = inbox
    }

    deinit { leaveNow() }

    /// Takes events out.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let room: ChatRoom

        /// Returns the next event; nil after the last one, and if the task is cancelled.
        public mutating func next() async throws -> RoomEvent? {
            try await room.inbox.next()
        }
    }

    /// Makes an iterator. Each event goes to one of them.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(room: self) }

    /// Says a text. As `ChatClient.send`.
    @discardableResult
    public func send(_ text: String) async throws -> Receipt {
        try await client.send(text, to: name)
    }

    /// Says any JSON value, which is relayed byte for byte. As `ChatClient.send`.
    @discardableResult
    public func send(json: [UInt8]) async throws -> Receipt {
        try await client.send(json: json, to: name)
    }

    /// Takes a message back: one's own, within the time that the node allows. As `ChatClient.send`, and
    /// fails with `refused` (`forbidden`, `not_found`) if the node does not, and with `tooLong` if the reason has
    /// more than `Limits.removalReasonBytes` in JSON.
    @discardableResult
    public func remove(_ message: ChatMessage, reason: String? = nil) async throws -> Receipt {
        guard let seq = message.seq, let mid = message.mid else {
            let words = "A message without a place cannot be taken back"
            throw ChatClientError.refused(code: "not_found", message: words)
        }
        return try await client.remove(seq: seq, mid: mid, reason: reason, in: name)
    }

    /// Returns older messages: the newest of those before a number, or of all, 100 at most. They are not
    /// among the events.
    ///
    /// Fails: with `notJoined` after `leave`; with `refused` if the node has not been able to read them
    /// for `Limits.clientAnswerTimeout`.
    public func history(before seq: UInt64? = nil, limit: Int = 50) async throws -> RoomHistoryPage
    {
        let (name, limit) = (name, Swift.min(Swift.max(limit, 1), Limits.historyPageMessages))
        let before = seq.map { Swift.max($0, 1) }
        let answer = try await client.call { machine, now, call in
            machine.readHistory(of: name, before: before, limit: limit, call: call, at: now)
        }
        guard case .page(let page) = answer else { preconditionFailure("a page") }
        return page
    }

    /// Tells the room that the user is typing. It may be called at each key: at most one request leaves in
    /// `Limits.clientTypingInterval`, and none while the client is away.
    public func typing() {
        client.core.eventLoop.execute { [core = client.core, name] in
            core.value.run { $0.typing(in: name, at: $1) }
        }
    }

    /// Leaves the room. Its events are over.
    public func leave() { leaveNow() }

    private func leaveNow() {
        client.core.eventLoop.execute { [core = client.core, name, inbox] in
            core.value.leave(name, inbox: inbox)
        }
    }
}
