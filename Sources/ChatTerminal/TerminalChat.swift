import ChatClient
import ChatCore
import ChatSupport

/// A person's, or a script's, way into a chat: what is entered is carried out, what is heard is shown.
actor TerminalChat {
    private let client: ChatClient
    private let output: TerminalOutput
    private let isJSON: Bool
    private let history: Int
    private var username = ""
    /// The rooms that the client is in, and the tasks that read them.
    private var rooms: [String: ChatRoom] = [:]
    private var readers: [String: Task<Void, Never>] = [:]
    /// The room in which is said what is entered.
    private var current: String?
    private var members: [String: RoomPresence] = [:]
    /// Whether something that was asked for was not done.
    private(set) var hasFailed = false
    /// Messages that were shown, by room: those that may be removed.
    private var shown: [String: [ChatMessage]] = [:]
    /// The number of messages that are kept of a room: a page.
    private static let most = Limits.historyPageMessages

    init(_ client: ChatClient, _ output: TerminalOutput, isJSON: Bool, history: Int) {
        self.client = client
        self.output = output
        self.isJSON = isJSON
        self.history = history
    }

    /// Logs in, if there is a name, and goes to the first room.
    func begin(name: String?, room: String) async throws {
        if let name { username = try await client.login(name).username }
        try await enter(room)
    }

    /// Shows how the client fares, until it has ended. Returns why.
    func showStatuses() async -> ConnectionEnd? {
        for await status in client.statuses {
            if case .ended(let end) = status { return end }
            guard let text = EventLine.text(status) else { continue }
            await note("status", text)
        }
        return nil
    }

    /// Waits until the first room is over, or the task is cancelled.
    func listen() async {
        guard let reader = readers.first?.value else { return }
        await withTaskCancellationHandler {
            await reader.value
        } onCancel: {
            reader.cancel()
        }
    }

    // MARK: What is entered

    /// Carries out a line. Returns false after the last one.
    func carryOut(_ line: String) async -> Bool {
        do {
            switch TerminalCommand(line) {
            case .nothing: break
            case .say(let text): try await say(text)
            case .help: await note("help", TerminalCommand.commands)
            case .join(let room): try await enter(room)
            case .leave: await leave()
            case .who: await who()
            case .history(let count): try await showHistory(count)
            case .remove(let seq): try await remove(seq)
            case .quit: return false
            case .wrong(let complaint): await note("error", "* " + complaint)
            }
        } catch {
            await note("error", "* " + Self.words(for: error))
        }
        return true
    }

    private func say(_ text: String) async throws {
        guard let current else { return await note("error", "* /join a room first") }
        let receipt = try await client.send(text, to: current)
        guard isJSON else { return }
        let seq = receipt.seq.map { "\($0)" }
        await output.show(
            EventLine.json("sent", room: current, [("mid", receipt.mid), ("seq", seq)])
        )
    }

    private func enter(_ name: String) async throws {
        if rooms[name] == nil {
            let room = try await client.join(name, history: history)
            rooms[name] = room
            readers[name] = Task { await self.read(room) }
        }
        current = name
        await output.setPrompt("\(name)> ")
    }

    private func leave() async {
        guard let name = current else { return }
        rooms.removeValue(forKey: name)?.leave()
        readers.removeValue(forKey: name)?.cancel()
        (members[name], shown[name]) = (nil, nil)
        current = rooms.keys.min()
        await output.setPrompt("\(current ?? "no room")> ")
    }

    private func who() async {
        guard let current, let presence = members[current] else {
            return await note("error", "* who is here is not known")
        }
        let names =
            presence.members.map { ": " + $0.map(\.printable).joined(separator: ", ") } ?? ""
        await note("who", "* [\(current)] \(presence.count) here\(names)")
    }

    private func showHistory(_ count: Int) async throws {
        guard let current, let room = rooms[current] else { return }
        let before = shown[current]?.compactMap(\.seq).min()
        let page = try await room.history(before: before, limit: count)
        for item in page.items { await show(item, in: current) }
        if page.items.isEmpty { await note("history", "* nothing older is kept") }
    }

    private func remove(_ seq: UInt64?) async throws {
        guard let current, let room = rooms[current] else { return }
        let message = shown[current]?.last { message in
            if let seq { message.seq == seq } else { message.username == username }
        }
        guard let message else {
            return await note("error", "* no such message was shown")
        }
        try await room.remove(message)
    }

    // MARK: What is heard

    private func read(_ room: ChatRoom) async {
        do {
            for try await event in room { await hear(event, in: room.name) }
        } catch {
            await note("error", "* [\(room.name)] " + Self.words(for: error))
        }
    }

    private func hear(_ event: RoomEvent, in room: String) async {
        switch event {
        case .joined(let joined): members[room] = joined.presence
        case .presence(let presence): members[room] = presence
        default: break
        }
        await show(event, in: room)
    }

    private func show(_ event: RoomEvent, in room: String) async {
        if case .chat(let message) = event {
            shown[room, default: []].append(message)
            shown[room]?.sort { ($0.seq ?? 0) < ($1.seq ?? 0) }
            if let count = shown[room]?.count, count > 2 * Self.most {
                shown[room]?.removeFirst(count - Self.most)
            }
        }
        if isJSON {
            await output.show(EventLine.json(event, in: room))
        } else if let text = EventLine.text(event, in: room) {
            await output.show(text)
        }
    }

    /// Shows what is no event of a room.
    private func note(_ kind: String, _ text: String) async {
        if kind == "error" { hasFailed = true }
        await output.show(isJSON ? EventLine.json(kind, [("text", text)]) : text)
    }

    /// Returns why a call failed, for people.
    static func words(for error: any Error) -> String {
        guard let error = error as? ChatClientError else { return "\(error)".printable }
        return switch error {
        case .ended(let end): "\(end)".printable
        case .closed: "closed"
        case .loginFailed(_, let message): message.printable
        case .notLoggedIn: "log in first: start again with --name"
        case .hasName, .alreadyJoined: "that is so already"
        case .notJoined: "not in the room any more"
        case .outboxFull: "not said: too much waits to be said"
        case .tooLong(let limit): "not said: longer than \(limit) bytes"
        case .refused(let code, let message): "refused (\(code.printable)): \(message.printable)"
        case .noAnswer(let within): "no answer within \(within)"
        case .unknownOutcome: "whether that was said is not known"
        case .cancelled: "not said"
        }
    }
}
