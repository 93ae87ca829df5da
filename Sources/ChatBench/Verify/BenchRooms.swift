import ChatCore

/// How a run's clients speak with a node.
enum BenchDialect: String, CaseIterable, Sendable {
    /// The plain dialect: every client hears the lobby, and nothing is acknowledged.
    case plain
    /// `chat.v1`: clients join a room, number what they send, and wait for each `ack`.
    case v1

    /// The subprotocol that is offered; nil if there is none.
    var subprotocol: String? { self == .v1 ? "chat.v1" : nil }
}

/// The rooms of a run. Client `n` is in room `n % count`, as a sender and as a recipient.
struct BenchRooms: Equatable, Sendable {
    /// The lobby alone.
    static let lobby = BenchRooms(nil)
    /// The most rooms of one run.
    static let most = Limits.roomsPerNode

    let count: Int
    /// Whether the one room is the lobby, which a message does not name.
    let isLobby: Bool

    /// Makes rooms of the run's own; nil means the lobby.
    init(_ count: Int?) {
        self.count = count ?? 1
        isLobby = count == nil
    }

    /// Returns the room of a client.
    func room(of client: Int) -> Int { count == 1 ? 0 : client % count }

    /// Returns a sender's index among the senders of its room.
    func index(of sender: Int) -> Int { count == 1 ? sender : sender / count }

    /// Returns the senders of a room, out of `total`.
    func senders(in room: Int, of total: Int) -> StrideTo<Int> {
        stride(from: room, to: total, by: count)
    }

    /// Returns how many senders the room with the most of them has.
    func mostSenders(of total: Int) -> Int { (total + count - 1) / count }
}
