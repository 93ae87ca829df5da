import Testing

@testable import ChatCore

/// The requests of a loop, with what they have wanted done, and the rooms that they are about.
final class LogRequestsHarness: RoomHistories {
    var requests = LogRequests()
    var rooms: [RoomName: RoomHistory] = [:]
    var now = Instant(nanoseconds: 1_000_000_000)
    /// What was wanted, as text.
    var told: [String] = []
    /// The clients whose sockets take nothing.
    var blocked: Set<Int32> = []
    /// The rooms that requests need no more.
    var idle: [RoomName] = []

    func history(of room: RoomName) -> RoomHistory? { rooms[room] }

    func run(_ event: (inout LogRequests, inout [LogRequests.Effect]) -> Void) {
        var effects: [LogRequests.Effect] = []
        event(&requests, &effects)
        for effect in effects {
            switch effect {
            case .join(let id, let room, let beginning):
                let lost =
                    beginning.lost.map { " lost \($0.lowerBound)-\($0.upperBound)" } ?? ""
                told.append("\(id.slot) joins \(room.text) at \(beginning.cursor)\(lost)")
            case .history(let id, let room, let items, _):
                let count = items.count { $0 == UInt8(ascii: "{") }
                told.append("\(id.slot) reads \(count) of \(room.text)")
            case .goOn(let id, let room, let cursor, let changes):
                told.append("\(id.slot) goes on in \(room.text) at \(cursor) \(changes.count)")
            case .refuse(let id, let room, _, let why):
                told.append("\(id.slot) not \(room.text): \(why)")
            case .checkSocket(let id):
                let hasLeft = !blocked.contains(id.slot)
                run { $0.answered(id, hasLeft: hasLeft, now: now, in: self, into: &$1) }
            case .readPage(let room): told.append("page of \(room.text)")
            case .recheck(let room): told.append("recheck \(room.text)")
            case .serveLater(let room): told.append("later \(room.text)")
            case .idle(let room): idle.append(room)
            }
        }
    }

    func ask(_ client: Int32, _ need: LogRequests.Need, of room: String) {
        run {
            $0.ask(
                need,
                of: name(room),
                by: SocketID(slot: client, generation: 0),
                isBlocked: blocked.contains(client),
                now: now,
                in: self,
                into: &$1
            )
        }
    }

    func name(_ text: String) -> RoomName {
        guard let name = try? RoomName(text) else { preconditionFailure("a room's name") }
        return name
    }

    /// Adds a room whose messages from `kept` on are in memory, and which ends with `seq`.
    func open(_ room: String, from kept: UInt64, to seq: UInt64) {
        var history = RoomHistory(of: name(room))
        _ = history.open(at: Self.place(kept - 1))
        rooms[name(room)] = history
        hear(room, kept...seq)
    }

    func hear(_ room: String, _ seqs: ClosedRange<UInt64>) {
        for publication in log(room, seqs) {
            rooms[name(room)]?.append(FramedBatch(framing: publication))
        }
    }

    func log(_ room: String, _ seqs: ClosedRange<UInt64>) -> [Publication] {
        seqs.map { seq in
            Publication(
                room: name(room),
                epoch: 1,
                firstSeq: seq,
                prev: Self.place(seq - 1).mid,
                ms: 1,
                items: [.init(mid: Self.place(seq).mid, body: Array(#"{"type":"chat"}"#.utf8))]
            )
        }
    }

    /// Has the page before the oldest message come.
    func page(_ room: String, _ seqs: ClosedRange<UInt64>, hasMore: Bool = false) {
        let isAwaited = requests.pageRead(name(room))
        #expect(isAwaited)
        let read = HistoryPage(
            newestFirst: log(room, seqs).reversed(),
            upTo: seqs.upperBound,
            hasMore: hasMore
        )
        rooms[name(room)]?.take(read, upTo: seqs.upperBound)
        run { $0.serve(name(room), now: now, in: self, into: &$1) }
    }

    func tick() { run { $0.tick(now: now, in: self, into: &$1) } }

    func takeTold() -> [String] {
        defer { told = [] }
        return told
    }

    static func place(_ seq: UInt64, epoch: UInt64 = 1) -> Position {
        guard let producer = ProducerID("abcdefgh") else { preconditionFailure("a producer") }
        return Position(epoch: epoch, seq: seq, mid: MessageID(producer: producer, n: seq))
    }

    static func since(_ seq: UInt64, epoch: UInt64 = 1) -> LogRequests.Need {
        .join(.init(since: .position(place(seq, epoch: epoch))))
    }

    static let newest = LogRequests.Need.history(
        .init(before: .max, limit: 5),
        .init(room: "b", id: nil)
    )
}
