import ChatClient
import ChatCore
import ChatSupport
import Glibc
import Synchronization

/// Connects the Swift client with `chatnode conform`: lines of JSON in and out, as docs/protocol/conform.md says.
///
///     chatnode conform --client .build/debug/ChatAdapter
@main @MainActor final class ChatAdapter {
    private var client: ChatClient?
    /// The requests that came before `connect`.
    private var early: [Request] = []
    private var rooms: [String: ChatRoom] = [:]
    private var joins: [String: Task<Void, Never>] = [:]
    private let gate = Gate()
    /// For how long the machine is said to have slept, in nanoseconds.
    private let slept = Mutex<Int64>(0)

    static func main() async {
        let adapter = ChatAdapter()
        for await request in Request.fromInput() { await adapter.take(request) }
        exit(EX_OK)
    }

    private func take(_ request: Request) async {
        switch request.action {
        case "connect": await connect(request)
        case "sleep": slept.withLock { $0 += Int64(clamping: request.milliseconds) * 1_000_000 }
        case "pause": gate.close()
        case "go on": gate.open()
        default:
            guard let client else { return early.append(request) }
            perform(request, client)
        }
    }

    private func connect(_ request: Request) async {
        do {
            let client = try await ChatClient.connect(to: ChatURL(request.url)) { [self] in
                Clock.now + .nanoseconds(slept.withLock(\.self))
            }
            self.client = client
            Task.immediate { await self.watch(client) }
            Task.immediate {
                do { try await client.login(request.name) } catch { await client.close() }
            }
            for request in early { perform(request, client) }
        } catch {
            Line("stopped").write()
        }
    }

    /// Shows the end of the client, whatever brings it.
    private func watch(_ client: ChatClient) async {
        for await case .nameRefused in client.statuses { Task { await client.close() } }
        Line("stopped").write()
    }

    /// Carries out what the application asks for. Each call begins before the next request is looked at.
    private func perform(_ request: Request, _ client: ChatClient) {
        switch request.action {
        case "join":
            let earlier = joins[request.room]
            joins[request.room] = Task.immediate {
                await earlier?.value
                await self.hear(request.room, client)
            }
        case "leave":
            joins[request.room]?.cancel()
            rooms.removeValue(forKey: request.room)?.leave()
        case "send": Task.immediate { await self.say(request, client) }
        case "logout":
            Task.immediate {
                try? await client.logout()
                await client.close()
            }
        default: break
        }
    }

    private func say(_ request: Request, _ client: ChatClient) async {
        let state: String
        do {
            _ = try await client.send(json: request.value, to: request.room)
            state = "acknowledged"
        } catch {
            state = error as? ChatClientError == .unknownOutcome ? "unknown" : "failed"
        }
        Line("settled").with("key", request.key).with("state", state).write()
    }

    private func hear(_ name: String, _ client: ChatClient) async {
        guard let room = try? await client.join(name) else { return }
        // It may have been left when the answer had come already.
        guard !Task.isCancelled else { return room.leave() }
        rooms[name] = room
        var isFirst = true
        var events = room.makeAsyncIterator()
        while let event = try? await events.next() {
            await gate.pass()
            Line(event, in: name, isFirst: isFirst)?.write()
            isFirst = false
        }
    }
}

/// Holds up what passes while it is closed.
@MainActor private final class Gate {
    private var isClosed = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func close() { isClosed = true }

    func open() {
        isClosed = false
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func pass() async {
        guard isClosed else { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}
