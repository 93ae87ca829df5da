import ChatCore
import ChatSupport
import NIOCore

/// What the home loop has for every loop: events of one turn, which cross to each loop in one hand-over.
struct LoopEvents {
    /// One event of `BrokerEvents`.
    private enum Event: Sendable {
        case leaseExpires(Instant)
        case registrationChanged(Registration, seen: [ProducerID: UInt64])
        case roomOpened(RoomName, Position)
        case roomsShut
        /// For one loop alone.
        case roomIsOpen(RoomName, Position, loop: Int)
        /// For one loop alone.
        case roomRefused(RoomName, loop: Int)
        case roomClosed(RoomName)
        case deliver(RoomName, FramedBatch)
        case reset(RoomName, Position)
        case missed(RoomName, ClosedRange<UInt64>?)
        case presenceChanged(PresenceFrames)
        case typing(String, RoomName)
        case replaced(LoginID)
        case mayHaveMissedReplacements
    }

    private let home: any EventLoop
    private let brokers: [NIOLoopBound<RedisBroker>]
    private var waiting: [Event] = []

    init(home: any EventLoop, brokers: [NIOLoopBound<RedisBroker>]) {
        self.home = home
        self.brokers = brokers
    }

    mutating func leaseExpires(at instant: Instant) { waiting.append(.leaseExpires(instant)) }

    mutating func registrationChanged(
        _ registration: Registration,
        seen: [ProducerID: UInt64]
    ) {
        waiting.append(.registrationChanged(registration, seen: seen))
    }

    mutating func roomOpened(_ room: RoomName, at position: Position) {
        waiting.append(.roomOpened(room, position))
    }

    mutating func roomsShut() { waiting.append(.roomsShut) }

    mutating func roomIsOpen(_ room: RoomName, at position: Position, loop: Int) {
        waiting.append(.roomIsOpen(room, position, loop: loop))
    }

    mutating func roomRefused(_ room: RoomName, loop: Int) {
        waiting.append(.roomRefused(room, loop: loop))
    }

    mutating func roomClosed(_ room: RoomName) { waiting.append(.roomClosed(room)) }

    mutating func deliver(_ batch: FramedBatch, to room: RoomName) {
        waiting.append(.deliver(room, batch))
    }

    mutating func reset(_ room: RoomName, to position: Position) {
        waiting.append(.reset(room, position))
    }

    mutating func missed(_ numbers: ClosedRange<UInt64>?, in room: RoomName) {
        waiting.append(.missed(room, numbers))
    }

    mutating func presenceChanged(_ news: PresenceFrames) { waiting.append(.presenceChanged(news)) }

    mutating func typing(_ name: String, in room: RoomName) { waiting.append(.typing(name, room)) }

    mutating func replaced(_ login: LoginID) { waiting.append(.replaced(login)) }

    mutating func mayHaveMissedReplacements() { waiting.append(.mayHaveMissedReplacements) }

    /// Hands over what waits: at once to the home loop.
    ///
    /// Cost: one `execute` for each other loop, however many events there are.
    mutating func flush() {
        guard !waiting.isEmpty else { return }
        let events = waiting
        waiting = []
        let now = Clock.now
        for broker in brokers {
            if broker.eventLoop === home {
                Self.tell(events, to: broker.value, arrivedAt: now)
            } else {
                broker.eventLoop.execute { Self.tell(events, to: broker.value, arrivedAt: now) }
            }
        }
    }

    private static func tell(
        _ events: [Event],
        to broker: RedisBroker,
        arrivedAt now: Instant
    ) {
        guard let loop = broker.events else { return }
        for event in events {
            switch event {
            case .leaseExpires(let instant): loop.leaseExpires(at: instant)
            case .registrationChanged(let registration, let seen):
                loop.registrationChanged(registration, seen: seen)
            case .roomOpened(let room, let position): loop.roomOpened(room, at: position)
            case .roomsShut: loop.roomsShut()
            case .roomIsOpen(let room, let position, let index):
                if index == broker.index { loop.roomOpened(room, at: position) }
            case .roomRefused(let room, let index):
                if index == broker.index { loop.roomRefused(room) }
            case .roomClosed(let room): loop.roomClosed(room)
            case .deliver(let room, let batch): loop.deliver(batch, to: room, arrivedAt: now)
            case .reset(let room, let position): loop.reset(room, to: position)
            case .missed(let room, let numbers): loop.missed(numbers, in: room)
            case .presenceChanged(let news): loop.presenceChanged(news)
            case .typing(let name, let room): loop.typing(name, in: room)
            case .replaced(let login): loop.replaced(login)
            case .mayHaveMissedReplacements: loop.mayHaveMissedReplacements()
            }
        }
    }
}
