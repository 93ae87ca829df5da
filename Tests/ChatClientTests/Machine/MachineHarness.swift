import ChatCore
import TestSupport

@testable import ChatClient

/// A machine whose time, node and network the test plays.
struct MachineHarness {
    var machine = ClientMachine(random: SplitMix(seed: 1))
    var now = Instant(nanoseconds: 1_000_000_000_000)
    /// What left over the newest socket, and was not looked at yet.
    var sent: [String] = []
    var opened: [SocketNumber] = []
    var closed: [SocketNumber] = []
    var cut: [SocketNumber] = []
    var events: [RoomEvent] = []
    var finished: [ChatClientError?] = []
    var reports: [ClientStatus] = []
    var answers: [UInt64: Result<ClientMachine.Answer, ChatClientError>] = [:]
    var wake: Instant?
    /// How often the client has said that it is over.
    var ends = 0
    private var lastCall: UInt64 = 0

    var socket: SocketNumber { opened[opened.count - 1] }

    mutating func take() {
        for effect in machine.takeEffects() {
            switch effect {
            case .open(let number): opened.append(number)
            case .send(let number, let text):
                if number == socket { sent.append(String(decoding: text, as: UTF8.self)) }
            case .close(let number): closed.append(number)
            case .cut(let number): cut.append(number)
            case .wake(let instant): wake = instant
            case .tell(let event, _): events.append(event)
            case .finish(_, let error): finished.append(error)
            case .report(let status): reports.append(status)
            case .end: ends += 1
            case .answer(let call, let result): answers[call.value] = result
            }
        }
    }

    mutating func call(_ event: (inout ClientMachine, CallNumber, Instant) -> Void) -> UInt64 {
        lastCall += 1
        event(&machine, CallNumber(lastCall), now)
        take()
        return lastCall
    }

    /// Returns what was sent since the last call.
    mutating func sentTexts() -> [String] {
        defer { sent = [] }
        return sent
    }

    mutating func hear(_ text: String, on other: SocketNumber? = nil) {
        machine.heardBytes(on: other ?? socket, at: now)
        machine.received(Array(text.utf8).span.bytes, on: other ?? socket, at: now)
        take()
    }

    mutating func open() {
        machine.opened(socket, at: now)
        take()
    }

    mutating func end(_ end: ConnectionEnd, _ other: SocketNumber? = nil) {
        machine.ended(other ?? socket, end, at: now)
        take()
    }

    mutating func pass(_ duration: Duration) {
        now = now + duration
        machine.tick(at: now)
        take()
    }

    mutating func sleep(_ duration: Duration) {
        now = now + duration
        machine.slept(at: now)
        take()
    }

    mutating func leave(_ room: String) {
        machine.leave(room, at: now)
        take()
    }

    mutating func stepOut(of room: String) {
        machine.stepOut(of: room, at: now)
        take()
    }

    mutating func readHistory(of room: String) -> UInt64 {
        call { $0.readHistory(of: room, before: nil, limit: nil, call: $1, at: $2) }
    }

    mutating func logOut() -> UInt64 { call { $0.logOut($1, at: $2) } }

    mutating func cancel(_ call: UInt64) {
        machine.cancel(CallNumber(call), at: now)
        take()
    }

    // MARK: Usual steps

    mutating func start() {
        _ = call { $0.start($1, at: $2) }
        open()
    }

    @discardableResult
    mutating func logIn(_ name: String = "Ada") -> UInt64 {
        call { $0.logIn(name, session: nil, token: nil, call: $1, at: $2) }
    }

    mutating func granted(session: String = "5f", resumed: Bool = false, acked: Int = 0) {
        hear(
            """
            {"type":"logged_in","username":"Ada","session":"\(session)","node":"n1",\
            "resumed":\(resumed),"acked":\(acked),"ping_ms":25000}
            """
        )
    }

    /// A client with a name.
    static func loggedIn() -> MachineHarness {
        var harness = MachineHarness()
        harness.start()
        harness.logIn()
        harness.granted()
        _ = harness.sentTexts()
        return harness
    }

    /// A client with a name in the room `tea`, at 7/17.
    static func inTea() -> MachineHarness {
        var harness = loggedIn()
        _ = harness.join("tea")
        harness.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17"}"#)
        harness.hear(#"{"type":"synced","room":"tea","seq":17}"#)
        _ = harness.sentTexts()
        harness.events = []
        return harness
    }

    mutating func join(_ room: String, history: Int? = nil) -> UInt64 {
        call { $0.join(room, history: history, call: $1, at: $2) }
    }

    mutating func say(_ text: String, in room: String = "tea") -> UInt64 {
        call { $0.say(Array("\"\(text)\"".utf8), in: room, call: $1, at: $2) }
    }

    /// The connection is lost, and open again.
    mutating func comeBack() {
        end(.lost)
        _ = sentTexts()
        pass(Limits.clientBackoffLast)
        open()
    }

    /// The node says a message in `tea`.
    mutating func chat(_ seq: Int, _ value: String = "x") {
        hear(
            """
            {"type":"chat","username":"Bob","value":"\(value)","room":"tea","seq":\(seq),"ts":5,\
            "mid":"k.\(seq)"}
            """
        )
    }

    mutating func ack(_ n: Int) {
        hear(#"{"type":"ack","n":\#(n),"room":"tea","mid":"a.\#(n)","seq":\#(n + 17),"ts":5}"#)
    }

    mutating func refuse(_ n: Int, _ code: String, _ more: String = "") {
        hear(
            """
            {"type":"error","username":"Ada","value":"No","code":"\(code)","room":"tea","n":\(n)\(more)}
            """
        )
    }

    func receipt(_ call: UInt64) -> Receipt? {
        guard case .success(.receipt(let receipt))? = answers[call] else { return nil }
        return receipt
    }

    func failure(_ call: UInt64) -> ChatClientError? {
        guard case .failure(let error)? = answers[call] else { return nil }
        return error
    }

    /// The seqs of the chats that were told.
    var seqs: [UInt64] {
        events.compactMap { event in
            guard case .chat(let message) = event else { return nil }
            return message.seq
        }
    }
}
