import ChatCore
@preconcurrency import Dispatch
import Glibc
import NIOCore
import Synchronization

/// Writes lines to one descriptor, on a thread of its own: a full pipe that nobody reads, a terminal
/// under Ctrl-S and a slow disk hold up that thread, and no loop.
///
/// A line that does not fit is dropped and counted, and so are those behind it until half of the room
/// is free again; then a line says how many there were. A line that could not be written, as on a full
/// disk, is counted with them.
/// On: any thread. Cost: a lock, and a thread woken for the first of several lines.
final class LineQueue: Sendable {
    static let standardOutput = LineQueue(STDOUT_FILENO)
    static let standardError = LineQueue(STDERR_FILENO)

    /// What is to be written.
    fileprivate struct Entry {
        let bytes: [UInt8]
        /// The dropped lines that it tells of; nil for a line of somebody's.
        var tellsOf: Int?
    }

    fileprivate struct State {
        var waiting = CircularBuffer<Entry>()
        var waitingBytes = 0
        /// A thread is at it.
        var isBusy = false
        /// Lines are dropped until there is room again.
        var isFull = false
        /// Dropped lines that no line has told of yet.
        var untold = 0
        var dropped = 0
        var notice: @Sendable (Int) -> [UInt8]
    }

    private let descriptor: CInt
    private let capacity: Int
    private let thread = DispatchQueue(label: "chatnode.lines")
    private let state: Mutex<State>

    init(_ descriptor: CInt, capacity: Int = Limits.outputQueueBytes) {
        self.descriptor = descriptor
        self.capacity = capacity
        state = Mutex(
            State(notice: { Array("warning: \($0) lines were dropped: nobody read them\n".utf8) })
        )
    }

    /// Lines that were dropped since the start.
    var dropped: Int { state.withLock { $0.dropped } }

    /// How a line looks that tells of dropped ones, its line feed included.
    func tellDropped(by notice: @escaping @Sendable (Int) -> [UInt8]) {
        state.withLock { $0.notice = notice }
    }

    /// Has a line written as soon as those before it are. It comes with its line feed.
    ///
    /// Words to a person, which are few, have room of their own: those at the end come behind a log
    /// that nobody has read for long.
    func append(_ line: [UInt8], isForPerson: Bool = false) {
        let room = isForPerson ? capacity + Limits.outputWordsBytes : capacity
        let wakes = state.withLock { state in
            // One that is longer than the queue is taken where nothing waits.
            let fits = state.waiting.isEmpty || state.waitingBytes + line.count <= room
            guard fits, isForPerson || !state.isFull else {
                state.isFull = true
                state.untold += 1
                state.dropped += 1
                return false
            }
            state.append(Entry(bytes: line))
            defer { state.isBusy = true }
            return !state.isBusy
        }
        if wakes { thread.async { self.drain() } }
    }

    /// Waits until all that was appended before is written, or the time is up. True in the first case.
    @discardableResult
    func flush(by deadline: DispatchTime = flushDeadline()) -> Bool {
        let isDone = DispatchSemaphore(value: 0)
        thread.async { isDone.signal() }
        return isDone.wait(timeout: deadline) == .success
    }

    /// Has whatever ends the process by `exit` wait for both outputs, for that time at most.
    ///
    /// On: the main thread, once.
    static func flushAtExit() {
        atexit {
            let deadline = LineQueue.flushDeadline()
            LineQueue.standardOutput.flush(by: deadline)
            LineQueue.standardError.flush(by: deadline)
        }
    }

    static func flushDeadline() -> DispatchTime {
        .now() + .nanoseconds(Int(Limits.outputFlush.inNanoseconds))
    }
}

// MARK: - The thread

extension LineQueue {
    private func drain() {
        while let entry = next() { settle(entry, isWritten: write(entry.bytes)) }
    }

    private func next() -> Entry? {
        state.withLock { state in
            guard let entry = state.waiting.popFirst() else {
                state.isBusy = false
                return nil
            }
            state.waitingBytes -= entry.bytes.count
            return entry
        }
    }

    private func settle(_ entry: Entry, isWritten: Bool) {
        state.withLock { state in
            if !isWritten {
                state.untold += entry.tellsOf ?? 1
                if entry.tellsOf == nil { state.dropped += 1 }
            }
            guard state.waitingBytes <= capacity / 2 else { return }
            state.isFull = false
            // Where nothing can be written, the next line is the next try.
            guard isWritten, state.untold > 0 else { return }
            state.append(Entry(bytes: state.notice(state.untold), tellsOf: state.untold))
            state.untold = 0
        }
    }

    /// One `write(2)` for a line: a pipe takes what is no longer than `LogLine.capacity` whole. The rest
    /// is written where a signal, a nearly full disk or a longer text has cut it short.
    private func write(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                    rest.count
                )
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN, waitForRoom() { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    /// Another process that has the same output may have made it one that does not block.
    private func waitForRoom() -> Bool {
        var output = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&output, 1, -1) >= 0 || errno == EINTR
    }
}

extension LineQueue.State {
    fileprivate mutating func append(_ entry: LineQueue.Entry) {
        waiting.append(entry)
        waitingBytes += entry.bytes.count
    }
}
