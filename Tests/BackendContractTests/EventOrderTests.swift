import ChatCore
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Whether the check of the order would notice each violation.
@Suite struct EventOrderTests {
    private var random = SplitMix(seed: 1)
    var order = EventOrder()
    private let producer: ProducerID
    private let registration: Registration

    init() {
        producer = ProducerID(using: &random)
        registration = Registration(
            epoch: Epoch(number: 1, dataSet: "data"),
            incarnation: Incarnation(using: &random),
            isGrace: false
        )
    }

    mutating func take(_ events: EventOrder.Event...) -> [String] {
        for event in events { _ = order.take(event, now: Instant(nanoseconds: 10)) }
        return order.violations
    }

    /// Connects the loop, with an open room that ends at message 3.
    mutating func connect() {
        let violations = take(
            .leaseExpires,
            .registrationChanged,
            .roomOpened(.lobby, at: position(3)),
            .connected
        )
        #expect(violations == [])
    }

    func position(_ seq: UInt64, epoch: UInt64 = 1) -> Position {
        Position(epoch: epoch, seq: seq, mid: MessageID(producer: producer, n: seq))
    }

    func batch(
        _ seqs: ClosedRange<UInt64>,
        at instant: Int64 = 10,
        isRepeated: Bool = false
    ) -> EventOrder.Event {
        let publication = Publication(
            room: .lobby,
            epoch: 1,
            firstSeq: seqs.lowerBound,
            prev: MessageID(producer: producer, n: seqs.lowerBound - 1),
            ms: 1,
            items: seqs.map {
                .init(
                    mid: MessageID(producer: producer, n: $0),
                    body: Array(#"{"type":"chat","value":"a"}"#.utf8)
                )
            }
        )
        return .deliver(
            FramedBatch(framing: publication, isRepeated: isRepeated),
            to: .lobby,
            arrivedAt: Instant(nanoseconds: instant)
        )
    }

    private mutating func claims() throws -> BrokerCall {
        let claim = Claim(
            username: try Username("anna"),
            login: LoginID(using: &random),
            producer: producer
        )
        return .claims(
            ClaimCall(
                epoch: registration.epoch,
                incarnation: registration.incarnation,
                number: 0,
                claims: [claim]
            )
        )
    }

    // MARK: In order

    @Test mutating func `events in order are no violation`() throws {
        connect()
        order.sent(try claims())
        let grant = Grant(fence: 1, producer: producer, n: 0, seq: 0)
        let violations = take(
            .answered(.claims(.verdicts([.granted(grant)]))),
            batch(4...5),
            batch(6...6),
            .missed(.lobby),
            batch(9...10),
            .disconnected,
            .disconnected,
            .roomOpened(.lobby, at: position(10)),
            .connected
        )
        #expect(violations == [])
    }

    // MARK: Connections

    @Test mutating func `a connection before the registration is found`() {
        #expect(take(.leaseExpires, .connected) == ["connected before registrationChanged"])
    }

    @Test mutating func `a second connection is found`() {
        connect()
        #expect(take(.connected) == ["connected twice"])
    }

    @Test mutating func `an event after the stop is found`() {
        connect()
        order.isStopped = true
        #expect(take(.leaseExpires) == ["an event came after the backend had stopped"])
    }

    // MARK: Answers

    @Test mutating func `an answer without a call is found`() {
        connect()
        #expect(take(.answered(.released)) == ["answered without a call"])
    }

    @Test mutating func `an answer of another kind is found`() throws {
        connect()
        order.sent(try claims())
        #expect(take(.answered(.released)).count == 1)
    }

    @Test mutating func `the grant of another claim is found`() throws {
        connect()
        order.sent(try claims())
        let other = ProducerID(using: &random)
        let grant = Grant(fence: 1, producer: other, n: 0, seq: 0)
        #expect(take(.answered(.claims(.verdicts([.granted(grant)])))).count == 1)
    }

    @Test mutating func `an answer with a verdict too many is found`() {
        connect()
        let call = PublishCall(
            epoch: registration.epoch,
            incarnation: registration.incarnation,
            room: .lobby,
            position: nil,
            drafts: []
        )
        order.sent(.publish(call))
        #expect(take(.answered(.publish(.verdicts([.fenced], ms: 1)))).count == 1)
    }

    @Test mutating func `an answer with a claim's verdict too few is found`() throws {
        connect()
        order.sent(try claims())
        #expect(take(.answered(.claims(.verdicts([])))).count == 1)
    }

    @Test mutating func `an answer inside of send is found`() throws {
        connect()
        order.isSending = true
        order.sent(try claims())
        #expect(take(.answered(.claims(.verdicts([.taken])))) == ["answered inside send"])
    }

    @Test mutating func `an answer after a cut is found`() throws {
        connect()
        order.sent(try claims())
        let violations = take(.disconnected, .answered(.claims(.verdicts([.taken]))))
        #expect(
            violations == [
                "answered while the loop is not connected", "answered without a call",
            ]
        )
    }

    // MARK: Messages

    @Test mutating func `a message before its room was opened is found`() {
        #expect(take(batch(1...1)).count == 1)
    }

    @Test mutating func `a gap between batches is found`() {
        connect()
        #expect(take(batch(4...4), batch(6...6)) == ["message 6 was delivered where 5 follows"])
    }

    @Test mutating func `a batch that came before is found`() {
        connect()
        let violations = take(batch(4...5), .missed(.lobby), batch(4...5))
        #expect(violations.count == 2)
        #expect(violations.first?.hasSuffix("was delivered twice") == true)
    }

    @Test mutating func `a room that is opened elsewhere is found`() {
        connect()
        #expect(take(.roomOpened(.lobby, at: position(7))).count == 1)
    }

    @Test mutating func `a batch from the future is found`() {
        connect()
        #expect(take(batch(4...4, at: 11)) == ["a batch arrived later than now"])
    }

    // MARK: Rooms

    @Test mutating func `rooms that come and go in order are no violation`() throws {
        connect()
        order.leaves(.lobby)
        let violations = take(
            .roomClosed(.lobby),
            .roomOpened(.lobby, at: position(8)),
            batch(9...9),
            .roomClosed(.lobby)
        )
        #expect(violations == [])
        // The interest crosses the end of the room.
        order.enters(.lobby)
        #expect(take(.roomOpened(.lobby, at: position(9)), batch(10...10)) == [])
        order.leaves(.lobby)
        #expect(take(.roomClosed(.lobby)) == [])
        order.enters(.lobby)
        #expect(take(.roomRefused(.lobby)) == [])
    }

    @Test mutating func `a message of a room that was closed is found`() {
        connect()
        #expect(take(.roomClosed(.lobby), batch(4...4)).count == 1)
    }

    @Test mutating func `a room that is closed twice is found`() {
        connect()
        let violations = take(.roomClosed(.lobby), .roomClosed(.lobby))
        #expect(violations == ["a room was closed that was not open"])
    }

    @Test mutating func `the end of a room that the loop has entered is found`() {
        order.enters(.lobby)
        connect()
        let violations = take(.roomClosed(.lobby))
        #expect(violations == ["a room was closed that this loop has entered"])
    }

    @Test mutating func `messages that are missed in a closed room are found`() {
        connect()
        #expect(take(.roomClosed(.lobby), .missed(.lobby)).count == 1)
    }

    @Test mutating func `a room that is opened again before its end is found`() {
        connect()
        let violations = take(.roomClosed(.lobby), .roomOpened(.lobby, at: position(2)))
        #expect(violations == ["a room was opened before its end"])
    }

    // MARK: Threads

    @Test func `an event on another thread is found`() async throws {
        let subject = MemoryUnderTest()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let backend = try await subject.makeBackend(loops: [loop], node: NodeRecord())
        let record = LoopRecord()
        let checked = CheckedLoop(
            loop: loop,
            broker: backend.makeBroker(ofLoop: 0),
            record: record,
            number: 0
        )
        checked.connected()
        #expect(record.now.violations == ["an event came on another thread"])
        try await group.shutdownGracefully()
    }
}
