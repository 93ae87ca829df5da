import ChatCore
import Foundation
import TestSupport

@testable import ChatClient

/// A client's machine against a model of the server, over a network that loses connections: all in one
/// thread, from a seed.
struct ClientSimulation {
    /// What the application has of a room.
    struct View {
        var messages: [(seq: UInt64, mid: String, value: String)] = []
        var gaps: [ClosedRange<UInt64>] = []
        /// The first number that it is to have.
        var from: UInt64 = 1
        /// Whether the client has left the room.
        var isOut = false
        /// The number that comes next.
        var next: UInt64 = 1
        var faults: [String] = []

        mutating func hear(_ event: RoomEvent) {
            if isOut { faults.append("\(event) came after the room was left") }
            switch event {
            case .joined(let joined):
                if !joined.continues {
                    // Another history, or the first one: it begins here.
                    messages = []
                    gaps = []
                    from = joined.position.seq + 1
                }
                // A gap does not move the position: after a cut behind it, it is told again.
                if joined.continues, joined.position.seq + 1 < next,
                    gaps.last == joined.position.seq + 1...next - 1
                {
                    next = gaps.removeLast().lowerBound
                }
                if joined.continues, joined.position.seq + 1 != next {
                    faults.append("continues at \(joined.position), not at \(next)")
                }
                next = joined.position.seq + 1
            case .chat(let message):
                let seq = message.seq ?? 0
                if seq != next { faults.append("\(seq) came instead of \(next)") }
                messages.append((seq, message.mid ?? "", message.text ?? ""))
                next = seq + 1
            case .gap(let numbers):
                if numbers.lowerBound != next { faults.append("gap \(numbers) at \(next)") }
                gaps.append(numbers)
                next = numbers.upperBound + 1
            case .reset(let position):
                if position.seq >= next { faults.append("reset to \(position) at \(next)") }
                messages.removeAll { $0.seq > position.seq }
                from = min(from, position.seq + 1)
                gaps = gaps.filter { $0.lowerBound <= position.seq }.map {
                    $0.lowerBound...min($0.upperBound, position.seq)
                }
                next = position.seq + 1
            default: break
            }
        }
    }

    var machine: ClientMachine
    var server: ModelServer
    var random: SplitMix
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var views: [String: View] = ["tea": View(), "pub": View()]
    /// The values that the application has said, by call, and their answers.
    var said: [UInt64: String] = [:]
    var answers: [UInt64: Result<ClientMachine.Answer, ChatClientError>] = [:]
    var doubleAnswers = 0
    var isOver = false
    /// Whether everything that the application hears is printed: `CHATNODE_TRACE=1`.
    private let isTraced = ProcessInfo.processInfo.environment["CHATNODE_TRACE"] == "1"
    private var opening: [SocketNumber] = []
    private var current: SocketNumber?
    private var lastOpened: SocketNumber?
    private var state = ModelServer.Socket()
    private var up: [String] = []
    private var down: [String] = []
    private var lastCall: UInt64 = 100
    private var wake = Instant.distantFuture

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
        machine = ClientMachine(random: SplitMix(seed: seed ^ 1))
        server = ModelServer(random: SplitMix(seed: seed ^ 2))
        machine.start(CallNumber(1), at: now)
        machine.logIn("Ada", session: nil, token: nil, call: CallNumber(2), at: now)
        machine.join("tea", history: nil, call: CallNumber(3), at: now)
        machine.join("pub", history: nil, call: CallNumber(4), at: now)
        take()
    }

    private mutating func take() {
        for effect in machine.takeEffects() {
            switch effect {
            case .open(let socket): opening.append(socket)
            case .send(let socket, let text):
                if socket == current { up.append(String(decoding: text, as: UTF8.self)) }
            case .close(let socket), .cut(let socket):
                if socket == current { cut() }
            case .wake(let instant): wake = instant
            case .tell(let event, let room):
                if isTraced { print(room, event) }
                views[room]!.hear(event)
            case .finish(_, let error): if error != nil { isOver = true }
            case .report(.ended), .end: isOver = true
            case .report: break
            case .answer(let call, let result):
                if answers.updateValue(result, forKey: call.value) != nil { doubleAnswers += 1 }
            }
        }
    }

    // MARK: Steps

    /// Does one thing that can happen.
    mutating func step(withFaults: Bool) {
        switch random.below(withFaults ? 100 : 80) {
        case 0..<12: say()
        case 12..<20: otherSays()
        case 20..<45: deliverUp()
        case 45..<70: deliverDown()
        case 70..<80: passTime()
        case 80..<84: cut()
        case 84: server.forgetLogin()
        case 85: server.trim()
        case 86: down += server.loseTail(random.below(4), on: current == nil ? nil : state)
        case 87: loseName()
        case 89: leaveOrJoin(random.isOne(in: 2) ? "tea" : "pub")
        case 90: stepOut(of: random.isOne(in: 2) ? "tea" : "pub")
        case 91: repeatEntry()
        case 88: down.append(#"{"type":"reconnect","within_ms":100,"reason":"drain"}"#)
        default: deliverDown()
        }
    }

    private mutating func say() {
        guard machine.outboxCount < 24 else { return }
        lastCall += 1
        let value = (random.isOne(in: 12) ? "bad" : "v") + "\(lastCall)"
        said[lastCall] = value
        let room = random.isOne(in: 3) ? "pub" : "tea"
        machine.say(Array("\"\(value)\"".utf8), in: room, call: CallNumber(lastCall), at: now)
        take()
    }

    private mutating func leaveOrJoin(_ room: String) {
        if views[room]!.isOut {
            views[room]!.isOut = false
            lastCall += 1
            machine.join(room, history: nil, call: CallNumber(lastCall), at: now)
        } else if machine.position(in: room) != nil {
            views[room]!.isOut = true
            machine.leave(room, at: now)
        }
        take()
    }

    /// The reader of a room is too slow, or has caught up.
    private mutating func stepOut(of room: String) {
        machine.stepOut(of: room, at: now)
        take()
        for _ in 0..<random.below(10) { deliverDown() }
        machine.goBack(to: room, at: now)
        take()
    }

    /// The node breaks its promise, and sends an entry twice.
    private mutating func repeatEntry() {
        guard let text = down.first(where: { $0.contains(#""type":"chat""#) }) else { return }
        down.append(text)
    }

    private mutating func otherSays() {
        let room = random.isOne(in: 3) ? "pub" : "tea"
        down += server.otherSays(in: room, on: current == nil ? nil : state)
    }

    mutating func deliverUp() {
        guard current != nil, !up.isEmpty else { return }
        down += server.take(up.removeFirst(), on: &state)
    }

    mutating func deliverDown() {
        guard let socket = current, !down.isEmpty else { return }
        let text = down.removeFirst()
        machine.heardBytes(on: socket, at: now)
        machine.received(Array(text.utf8).span.bytes, on: socket, at: now)
        take()
    }

    /// Time goes on to the next instant at which something is due, or a little; sockets come to be.
    mutating func passTime() {
        if !opening.isEmpty { return settle(opening.removeFirst()) }
        now =
            random.isOne(in: 2) && wake < .distantFuture ? max(now, wake) : now + .milliseconds(10)
        machine.tick(at: now)
        take()
    }

    private mutating func settle(_ socket: SocketNumber) {
        // The first attempt is the only one whose failure ends the client.
        guard lastOpened == nil || !random.isOne(in: 6) else {
            machine.ended(socket, .unreachable("refused"), at: now)
            return take()
        }
        // A socket that takes the place of another: what the other had under way goes first.
        while !up.isEmpty, random.isOne(in: 2) { deliverUp() }
        (up, down, state, current) = ([], [], ModelServer.Socket(), socket)
        lastOpened = socket
        machine.opened(socket, at: now)
        take()
    }

    /// The connection ends. The server has had a part of what was under way, the client nothing.
    private mutating func cut() {
        guard let socket = current else { return }
        while !up.isEmpty, random.isOne(in: 2) { deliverUp() }
        (up, down, current) = ([], [], nil)
        machine.ended(socket, .lost, at: now)
        take()
    }

    private mutating func loseName() {
        guard state.hasName, current != nil else { return }
        state.hasName = false
        down.append(#"{"type":"logged_out","username":"Ada","value":true,"reason":"lease_lost"}"#)
    }

    /// Lets everything come to rest, without further faults. Returns false if it does not.
    mutating func rest() -> Bool {
        server.trouble = 0
        for room in ["tea", "pub"] where views[room]!.isOut { leaveOrJoin(room) }
        for _ in 0..<20_000 {
            if isAtRest { return true }
            deliverUp()
            deliverDown()
            passTime()
        }
        return isAtRest
    }

    private var isAtRest: Bool {
        up.isEmpty && down.isEmpty && opening.isEmpty && machine.outboxCount == 0
            && machine.isLoggedIn && state.rooms.count == 2 && current != nil
            && machine.rooms.allSatisfy(\.isInside)
    }
}
