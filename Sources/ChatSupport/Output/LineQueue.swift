import ChatCore
@preconcurrency package import Dispatch
import Glibc
import NIOCore
import Synchronization

/// Writes lines to one descriptor, on a thread of its own: a full pipe without a reader, a terminal
/// under Ctrl-S and a slow disk block that thread, and no loop.
///
/// A line that does not fit is dropped and counted, and so are those after it until half of the
/// room is free again; then a line says how many there were. A line that could not be written, as
/// on a full disk, is counted with them.
/// On: any thread. Cost: a lock, and a thread woken for the first of several lines.
package final class LineQueue: Sendable {
    package static let standardOutput = LineQueue(STDOUT_FILENO)
    package static let standardError = LineQueue(STDERR_FILENO)

    /// A line that is to be written.
    fileprivate struct Entry {
        let bytes: [UInt8]
        /// The number of dropped lines that this line reports; nil for a line of a caller's.
        var tellsOf: Int?
    }

    fileprivate struct State {
        var waiting = CircularBuffer<Entry>()
        var waitingBytes = 0
        /// Whether a thread is writing.
        var isBusy = false
        /// Whether lines are dropped until there is room again.
        var isFull = false
        /// The number of dropped lines that no line has reported yet.
        var untold = 0
        var dropped = 0
        var notice: @Sendable (Int) -> [UInt8]
    }

    private let descriptor: CInt
    private let capacity: Int
    private let thread = DispatchQueue(label: "chatnode.lines")
    private let state: Mutex<State>

    package init(_ descriptor: CInt, capacity: Int = Limits.outputQueueBytes) {
        self.descriptor = descriptor
        self.capacity = capacity
        state = Mutex(
            State(notice: { Array("warning: \($0) lines were dropped: nobody read them\n".utf8) })
        )
    }

    /// The number of lines that were dropped since the start.
    package var dropped: Int { state.withLock { $0.dropped } }

    /// Sets how a line that reports dropped ones is made, its line feed included.
    package func tellDropped(by notice: @escaping @Sendable (Int) -> [UInt8]) {
        state.withLock { $0.notice = notice }
    }

    /// Has a line, which ends in a line feed, written as soon as those before it are.
    ///
    /// Lines to a person, which are few, have extra room: the last words of the process are
    /// accepted even after a log that has not been read for long.
    package func append(_ line: [UInt8], isForPerson: Bool = false) {
        let room = isForPerson ? capacity + Limits.outputWordsBytes : capacity
        let wakes = state.withLock { state in
            // A line that is longer than the queue is accepted if nothing waits.
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

    /// Waits until all that was appended before is written, or the deadline has passed. Returns
    /// true in the first case.
    @discardableResult
    package func flush(by deadline: DispatchTime = flushDeadline()) -> Bool {
        let isDone = DispatchSemaphore(value: 0)
        thread.async { isDone.signal() }
        return isDone.wait(timeout: deadline) == .success
    }

    /// Makes every `exit` of the process wait for both outputs, until the deadline at most.
    ///
    /// On: the main thread, once.
    package static func flushAtExit() {
        atexit {
            let deadline = LineQueue.flushDeadline()
            LineQueue.standardOutput.flush(by: deadline)
            LineQueue.standardError.flush(by: deadline)
        }
    }

    package static func flushDeadline() -> DispatchTime {
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
            // If a write fails, the next line is the next attempt.
            guard isWritten, state.untold > 0 else { return }
            state.append(Entry(bytes: state.notice(state.untold), tellsOf: state.untold))
            state.untold = 0
        }
    }

    /// Writes a line with one `write(2)`: a pipe takes a line of up to `LogLine.capacity` whole.
    /// Further calls write the rest if a signal, a nearly full disk or a longer text has cut it
    /// short.
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

    /// Waits until the output takes bytes: another process that has the same output may have made
    /// it non-blocking.
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
