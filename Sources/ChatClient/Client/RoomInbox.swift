import ChatCore
import Synchronization

/// The events of one room that wait for their reader. It is written on the client's loop and read from any
/// task.
final class RoomInbox: Sendable {
    private struct Reader {
        let number: UInt64
        let continuation: CheckedContinuation<RoomEvent?, any Error>
    }

    private struct State {
        var events = FIFO<RoomEvent>()
        var count = 0
        var readers: [Reader] = []
        var lastReader: UInt64 = 0
        /// Whether the loop was told to stop reading, and not yet to go on.
        var isFull = false
        var isOver = false
        var error: ChatClientError?
    }

    private let state = Mutex(State())
    private let drained: @Sendable () -> Void

    /// `drained` is called, on the reader's thread, when there is room again after `append` has returned true.
    init(drained: @escaping @Sendable () -> Void) {
        self.drained = drained
    }

    /// Hands an event to the reader that waits, or keeps it. Returns whether as many wait now as may: the
    /// socket is not to be read until `drained` is called.
    func append(_ event: RoomEvent) -> Bool {
        let (reader, isFull) = state.withLock { state -> (Reader?, Bool) in
            guard !state.isOver else { return (nil, false) }
            if !state.readers.isEmpty { return (state.readers.removeFirst(), false) }
            state.events.append(event)
            state.count += 1
            guard state.count >= Limits.inboxMessages else { return (nil, false) }
            state.isFull = true
            return (nil, true)
        }
        reader?.continuation.resume(returning: event)
        return isFull
    }

    /// Ends the sequence behind the events that wait.
    func finish(_ error: ChatClientError?) {
        let readers = state.withLock { state -> [Reader] in
            guard !state.isOver else { return [] }
            state.isOver = true
            defer { state.readers = [] }
            // One reader is told the error, as it would be if it came later.
            if state.readers.isEmpty { state.error = error }
            return state.readers
        }
        for (index, reader) in readers.enumerated() {
            if index == 0, let error {
                reader.continuation.resume(throwing: error)
            } else {
                reader.continuation.resume(returning: nil)
            }
        }
    }

    private enum Next {
        case event(RoomEvent?, hasRoom: Bool)
        case error(ChatClientError)
        case wait
    }

    /// Returns the next event; nil after the last one, and if the task is cancelled.
    func next() async throws -> RoomEvent? {
        let number = state.withLock { state -> UInt64 in
            state.lastReader += 1
            return state.lastReader
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = Task.isCancelled
                let next = state.withLock { state -> Next in
                    let next = Self.take(from: &state)
                    guard case .wait = next else { return next }
                    if isCancelled { return .event(nil, hasRoom: false) }
                    state.readers.append(Reader(number: number, continuation: continuation))
                    return .wait
                }
                switch next {
                case .event(let event, let hasRoom):
                    if hasRoom { drained() }
                    continuation.resume(returning: event)
                case .error(let error): continuation.resume(throwing: error)
                case .wait: if Task.isCancelled { cancel(number) }
                }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private static func take(from state: inout State) -> Next {
        if let event = state.events.popFirst() {
            state.count -= 1
            let hasRoom = state.isFull && state.count <= Limits.inboxMessages / 2
            if hasRoom { state.isFull = false }
            return .event(event, hasRoom: hasRoom)
        }
        if let error = state.error.take() { return .error(error) }
        return state.isOver ? .event(nil, hasRoom: false) : .wait
    }

    private func cancel(_ number: UInt64) {
        let reader = state.withLock { state -> Reader? in
            guard let index = state.readers.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            return state.readers.remove(at: index)
        }
        reader?.continuation.resume(returning: nil)
    }
}
