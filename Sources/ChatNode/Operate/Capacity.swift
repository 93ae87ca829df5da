@preconcurrency import Dispatch
import Glibc
import Synchronization

/// What the system still gives to this process, found out by taking it and giving it back.
///
/// Limits are many (the process's, the user's, the container's, the machine's), and SwiftNIO ends the
/// process where one is met. Trying meets all of them.
/// On: the control plane, before the loops are made.
enum Capacity {
    /// How many descriptors can be opened at once, at most so many.
    static func descriptors(upTo count: Int) -> Int {
        var taken: [CInt] = []
        while taken.count < count {
            let kind = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
            let descriptor = socket(AF_UNIX, kind, 0)
            guard descriptor >= 0 else { break }
            taken.append(descriptor)
        }
        for descriptor in taken { close(descriptor) }
        return taken.count
    }

    /// How many threads can run at once, at most so many.
    ///
    /// Cost: some 20 µs for each.
    static func threads(upTo count: Int) -> Int {
        let gate = Gate()
        var started: [pthread_t] = []
        while started.count < count {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(gate)
            let error = pthread_create(
                &thread,
                nil,
                { context in
                    guard let context else { return nil }
                    let gate = Unmanaged<Gate>.fromOpaque(context).takeRetainedValue()
                    // A thread's first memory takes much more of the addresses than its stack.
                    gate.keep(malloc(1))
                    gate.wait()
                    return nil
                },
                context.toOpaque()
            )
            guard error == 0 else {
                context.release()
                break
            }
            started.append(thread)
        }
        for _ in started { gate.open() }
        for thread in started { pthread_join(thread, nil) }
        return started.count
    }

    /// Holds each thread until all have been started.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)

        private let kept = Mutex<[UInt]>([])

        deinit {
            for memory in kept.withLock({ $0 }) {
                free(UnsafeMutableRawPointer(bitPattern: memory))
            }
        }

        /// Holds memory until all threads are over.
        func keep(_ memory: UnsafeMutableRawPointer?) {
            kept.withLock { $0.append(UInt(bitPattern: memory)) }
        }

        func wait() { semaphore.wait() }
        /// For one of them.
        func open() { semaphore.signal() }
    }
}
