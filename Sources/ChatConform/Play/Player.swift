import ChatCore
import ChatSupport

/// Says why a client does not pass a trial.
struct Failure: Error {
    let description: String

    init(_ what: String) { description = what }
}

/// Plays one trial to a client, and checks what it does.
final class Player {
    private let trial: Trial
    let stage: Stage
    private let isExcepted: Bool
    /// When the server has ended the last connection; nil if the client has opened another one since.
    var endedAt: Instant?
    /// How long the client has waited before each connection that it has opened after such an end.
    var waits: [Duration] = []
    /// When the `retry_ms` is over that the server has told last.
    private var dueAt: Instant?
    /// An instant before the client's last ping that a step has waited for.
    private(set) var pingedAfter = Instant.distantFuture
    /// The number of `chat`s that the client has sent in steps that count them, and of those that it may send.
    private var chats = (count: 0, most: 0)

    init(_ trial: Trial, command: String, isExcepted: Bool) throws {
        self.trial = trial
        self.isExcepted = isExcepted
        stage = try Stage(command: command, subprotocol: trial.subprotocol)
    }

    /// Everything that has happened, for people.
    var record: [String] { stage.record }

    /// Plays the trial.
    ///
    /// Fails: with the first step that the client does not pass.
    func play() throws(Failure) {
        defer { stage.adapter.end() }
        for step in trial.steps {
            try perform(step)
            if stage.hasConnectionBeside {
                throw Failure("the client opens a connection beside the one that it has")
            }
        }
        // What the client does too much comes at once.
        _ = stage.plays(for: .milliseconds(300)) { false }
        // Without the part of C1 that is left out, the client may come back, or stay away.
        if isExcepted, trial.rule == "C1" { return }
        if stage.hasConnection { throw Failure("the client opens another connection") }
        try countChats()
        if let text = stage.socket?.texts.first { throw Failure("the client also sends \(text)") }
        if let more = stage.seen.first(where: Self.isStrict) {
            throw Failure("the application also sees \(more)")
        }
    }

    /// Whether a line of the adapter must be one that a trial asks for.
    private static func isStrict(_ line: JSONTree) -> Bool {
        isOfRoom(line) || ["settled", "stopped"].contains(line.text("see"))
    }

    /// Whether a line is about what is said in a room, and so has a place in an order.
    private static func isOfRoom(_ line: JSONTree) -> Bool {
        ["entry", "gap", "reset", "hole", "removed"].contains(line.text("see"))
    }

    func perform(_ step: Step) throws(Failure) {
        switch step {
        case .asks(let line): try ask(line)
        case .says(let text): try say(text)
        case .floods(let first, let count): try flood(first, count)
        case .fallsSilent: stage.socket?.isSilent = true
        case .closes(let code):
            stage.note("server: closes with \(code)")
            stage.socket?.close(UInt16(code))
            endedAt = Clock.now
        case .cuts: try cut()
        case .unlessExcepted(let step): if !isExcepted { try perform(step) }
        case .waits(let time): _ = stage.plays(for: time) { false }
        case .sees(let pattern): try see(pattern)
        case .seesEntries(let first, let count): try seeEntries(first, count)
        default: try performOfClient(step)
        }
    }

    private func performOfClient(_ step: Step) throws(Failure) {
        switch step {
        case .connects(let within): try connect(within)
        case .staysAway(let time):
            if stage.plays(for: time, until: { stage.hasConnection }) {
                throw Failure("the client opens another connection")
            }
        case .isSentAway(let most, let least): try sendAway(most, least)
        case .hasWaitedAtRandom(let least, let outliers): try compareWaits(least, outliers)
        case .hears(let pattern): try hear(pattern)
        case .hearsWhenDue(let pattern): try hearWhenDue(pattern)
        case .hearsNothing(let time):
            if stage.plays(for: time, until: { stage.socket?.texts.isEmpty == false }) {
                throw Failure("the client sends \(stage.socket?.texts.first ?? "")")
            }
        case .hearsChatsAtMost(let count): try hearChats(count)
        case .hearsPing: try hearPing()
        case .isHeldUp: try beHeldUp()
        case .drops(let within, let notBefore): try beDropped(within, notBefore)
        default: break
        }
    }
}

extension Player {
    // MARK: The server

    private func ask(_ line: String) throws(Failure) {
        let url = #""do":"connect","url":"ws://127.0.0.1:\#(stage.port)/ws""#
        let line = line.replacing(#""do":"connect""#, with: url)
        stage.note("application asks: \(line)")
        do {
            try stage.adapter.ask(line)
        } catch {
            throw Failure("\(error)")
        }
    }

    private func say(_ text: String) throws(Failure) {
        guard let socket = stage.socket, !socket.hasEnded else {
            throw Failure("the client has ended the connection")
        }
        stage.note("server: \(text)")
        // It counts from before the client can have read it, however long the machine stalls.
        if let retry = JSONTree(text)?.number("retry_ms") {
            dueAt = Clock.now + .milliseconds(retry)
        }
        socket.say(text)
    }

    /// Cuts the connection when the client has read everything: a cut takes away what it has not read.
    private func cut() throws(Failure) {
        try waitUntilRead(within: Patience.usual)
        stage.note("server: cuts the connection")
        stage.cut()
        endedAt = Clock.now
    }

    /// Waits until the client has read everything.
    private func waitUntilRead(within time: Duration) throws(Failure) {
        let socket = stage.socket
        let before = socket?.pongs ?? 0
        socket?.ping()
        let hasRead = stage.plays(for: time) {
            socket.map { $0.pongs > before || $0.hasEnded } ?? true
        }
        guard hasRead else { throw Failure("the client answers no ping of the WebSocket") }
    }

    private func flood(_ first: Int, _ count: Int) throws(Failure) {
        guard let socket = stage.socket else { throw Failure("there is no connection") }
        stage.note("server: \(count) messages from \(first) on")
        let padding = String(repeating: "x", count: 2000)
        for seq in first..<first + count {
            socket.say(
                #"{"type":"chat","username":"Bob","value":"\#(padding)","room":"tea","seq":\#(seq),"#
                    + #""ts":1700000000000,"mid":"\#(Phrases.mid(seq))"}"#
            )
        }
    }

    // MARK: The client

    func hear(_ pattern: String) throws(Failure) {
        guard let wanted = JSONTree(pattern) else { preconditionFailure("a pattern is JSON") }
        var next: (index: Int, tree: JSONTree)?
        let isThere = stage.plays(for: Patience.usual) {
            let trees = stage.socket?.texts.enumerated().map { ($0, JSONTree($1)) } ?? []
            for (index, tree) in trees {
                if let tree, tree.text("type") == wanted.text("type") {
                    next = (index, tree)
                    return true
                }
            }
            return false
        }
        guard isThere, let next else { throw Failure("the client does not send \(pattern)") }
        let text = stage.socket?.texts.remove(at: next.index) ?? ""
        guard next.tree.matches(wanted) else {
            throw Failure("the client sends \(text), and not \(pattern)")
        }
    }

    private func hearWhenDue(_ pattern: String) throws(Failure) {
        guard let dueAt else { preconditionFailure("a trial has told retry_ms") }
        let patience = max(.zero, dueAt - Clock.now) + Patience.usual
        _ = stage.plays(for: patience) { stage.socket?.texts.isEmpty == false }
        if let text = stage.socket?.texts.first, Clock.now + Patience.early < dueAt {
            throw Failure("the client sends \(text) before retry_ms is over")
        }
        try hear(pattern)
    }

    private func hearPing() throws(Failure) {
        let before = stage.socket?.pings ?? 0
        guard stage.plays(for: Patience.usual, until: { (stage.socket?.pings ?? 0) > before })
        else { throw Failure("the client sends no ping") }
        pingedAfter = stage.lookedBefore
    }

    private func hearChats(_ most: Int) throws(Failure) {
        chats.most = most
        repeat {
            try countChats()
        } while stage.plays(for: .seconds(1), until: { stage.socket?.texts.isEmpty == false })
    }

    /// Takes the `chat`s that have come, if the trial has a step that counts them.
    private func countChats() throws(Failure) {
        guard chats.most > 0, let socket = stage.socket else { return }
        for text in socket.texts {
            guard JSONTree(text)?.text("type") == "chat" else {
                throw Failure("the client also sends \(text)")
            }
            chats.count += 1
        }
        socket.texts = []
        if chats.count > chats.most {
            throw Failure("the client sends \(chats.count) messages, and not \(chats.most) at most")
        }
    }

    /// Waits until the client has taken nothing for three seconds of what the server has for it.
    private func beHeldUp() throws(Failure) {
        let end = Clock.now + Patience.flood
        var before: Int
        repeat {
            before = stage.socket?.byteCountWaiting ?? 0
            // A client that reads on by itself has all of it in its queue then.
            if before == 0, isExcepted { return try waitUntilRead(within: Patience.flood) }
            guard before > 0, Clock.now < end else {
                throw Failure("the client reads everything, although its application is slow")
            }
            // Longer than a machine stalls now and then.
            _ = stage.plays(for: .seconds(3)) { false }
        } while stage.socket?.byteCountWaiting != before
    }

    // MARK: The application

    private func see(_ pattern: String) throws(Failure) {
        guard let wanted = JSONTree(pattern) else { preconditionFailure("a pattern is JSON") }
        var found: Int?
        let isThere = stage.plays(for: Patience.usual) {
            found =
                Self.isOfRoom(wanted)
                ? stage.seen.firstIndex(where: Self.isOfRoom)
                : stage.seen.firstIndex { $0.matches(wanted) }
            return found != nil
        }
        guard isThere, let found else { throw Failure("the application does not see \(pattern)") }
        let line = stage.seen.remove(at: found)
        guard line.matches(wanted) else {
            throw Failure("the application sees \(line), and not \(pattern)")
        }
    }

    private func seeEntries(_ first: Int, _ count: Int) throws(Failure) {
        var next = first
        var wrong: JSONTree?
        let isThere = stage.plays(for: Patience.flood) {
            for line in stage.seen where Self.isOfRoom(line) && wrong == nil {
                guard let wanted = JSONTree(#"{"see":"entry","room":"tea","seq":\#(next)}"#),
                    line.matches(wanted)
                else {
                    wrong = line
                    return true
                }
                next += 1
            }
            stage.seen = []
            return next == first + count
        }
        if let wrong { throw Failure("the application sees \(wrong) as entry \(next)") }
        if !isThere { throw Failure("the application has seen the entries up to \(next - 1)") }
    }
}
