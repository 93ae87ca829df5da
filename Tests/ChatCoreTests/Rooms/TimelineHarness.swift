import Testing

@testable import ChatCore

/// A timeline, what it has wanted done, and a log that answers as a test says.
final class TimelineHarness {
    var timeline = Timeline(room: .lobby)
    /// The numbers delivered, in order; the other effects follow.
    var delivered: [UInt64] = []
    var bodies: [String] = []
    var asked: [(call: CatchUpCall, ticket: UInt64)] = []
    var opened: [UInt64] = []
    var missed: [ClosedRange<UInt64>?] = []
    var resets: [Position] = []
    /// What was delivered once more.
    var redelivered: [String] = []
    /// What clients that know positions were told, in order.
    var told: [String] = []
    var probes: [UInt64] = []
    var ignored = 0
    var doubts: [UInt64] = []
    let epoch = Epoch(number: 3, dataSet: "three")

    func run(_ event: (inout Timeline, inout [Timeline.Effect]) -> Void) {
        var effects: [Timeline.Effect] = []
        event(&timeline, &effects)
        for effect in effects {
            note(effect)
            switch effect {
            case .deliver(let publication):
                for (index, item) in publication.items.enumerated() {
                    delivered.append(publication.firstSeq + UInt64(index))
                    bodies.append(String(decoding: item.body, as: UTF8.self))
                }
            case .deliverExternal(let body):
                bodies.append(String(decoding: body, as: UTF8.self))
            case .catchUp(let call, let ticket): asked.append((call, ticket))
            case .opened(let position): opened.append(position.seq)
            case .probe(let ticket): probes.append(ticket)
            case .ignored: ignored += 1
            case .missed(let range): missed.append(range)
            case .reset(let position): resets.append(position)
            case .redeliver(let publication):
                redelivered += publication.items.map {
                    String(decoding: $0.body, as: UTF8.self)
                }
            case .recheckRegistration(let epoch): doubts.append(epoch)
            }
        }
    }

    func registrationChanged(_ epoch: Epoch) { run { $0.epochChanged(to: epoch, into: &$1) } }
    func subscribed() { run { $0.subscribed(into: &$1) } }

    /// Receives messages whose ids are their numbers, or count from `name`, after the one with
    /// id `prev`.
    func hear(
        _ seqs: ClosedRange<UInt64>,
        epoch: UInt64 = 3,
        as name: UInt64? = nil,
        prev: UInt64? = nil
    ) {
        let first = name ?? seqs.lowerBound
        let items = seqs.map {
            let name = $0 - seqs.lowerBound + first
            return Publication.Item(mid: Self.mid(name), body: Array("m\(name)".utf8))
        }
        let publication = Publication(
            room: .lobby,
            epoch: epoch,
            firstSeq: seqs.lowerBound,
            prev: Self.mid(prev ?? first - 1),
            ms: 1,
            items: items
        )
        run { $0.receive(publication, into: &$1) }
    }

    func entries(
        _ seqs: [UInt64],
        epoch: UInt64 = 3,
        as mids: [UInt64]? = nil,
        prev: UInt64? = nil
    ) -> [Publication] {
        var before = prev ?? (mids?.first ?? seqs.first ?? 1) - 1
        return zip(seqs, mids ?? seqs).map { seq, name in
            defer { before = name }
            return Publication(
                room: .lobby,
                epoch: epoch,
                firstSeq: seq,
                prev: Self.mid(before),
                ms: 1,
                items: [.init(mid: Self.mid(name), body: Array("m\(name)".utf8))]
            )
        }
    }

    /// Answers the newest question.
    func answer(
        _ continuity: CatchUpPage.Continuity,
        _ entries: [Publication],
        hasMore: Bool = false,
        top: Position? = nil
    ) {
        guard let last = asked.last else {
            Issue.record("nothing was asked")
            return
        }
        let end = entries.last?.end
        let page = CatchUpPage(
            continuity: continuity,
            entries: entries,
            hasMore: hasMore,
            top: top ?? end
        )
        run { $0.caughtUp(.page(page), ticket: last.ticket, into: &$1) }
    }

    /// Answers the newest question: the room has no top.
    func answerNoTop() {
        let page = CatchUpPage(continuity: .rewound, entries: [], hasMore: false, top: nil)
        run { $0.caughtUp(.page(page), ticket: asked.last?.ticket ?? 0, into: &$1) }
    }

    /// Makes the newest probe come back.
    func probed() { run { $0.probed(ticket: probes.last ?? 0, into: &$1) } }

    static func place(_ seq: UInt64, epoch: UInt64 = 3) -> Position {
        Position(epoch: epoch, seq: seq, mid: Self.mid(seq))
    }

    /// Makes the room live with its position at a number.
    func live(at seq: UInt64) {
        registrationChanged(epoch)
        subscribed()
        answer(.proven, [], top: Position(epoch: 3, seq: seq, mid: Self.mid(seq)))
        asked = []
    }

    private static let producer = ProducerID("abcdefgh")

    static func mid(_ n: UInt64) -> MessageID {
        guard let producer else { preconditionFailure("a producer") }
        return MessageID(producer: producer, n: n)
    }

    private func note(_ effect: Timeline.Effect) {
        switch effect {
        case .deliver(let publication), .redeliver(let publication):
            for (index, item) in publication.items.enumerated() {
                told.append("\(publication.firstSeq + UInt64(index)) m\(item.mid.n)")
            }
        case .reset(let base): told.append("reset \(base.epoch) \(base.seq) m\(base.mid.n)")
        case .missed(let numbers):
            told.append(numbers.map { "gap \($0.lowerBound) \($0.upperBound)" } ?? "gap")
        default: break
        }
    }
}
