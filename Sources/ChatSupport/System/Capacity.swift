@preconcurrency import Dispatch
import Glibc
import Synchronization

/// Finds out how much the system still gives to this process, by taking it and giving it back.
///
/// There are many limits (the process's, the user's, the container's, the machine's), and SwiftNIO
/// ends the process if one is met. A trial meets all of them.
/// On: the task that starts the program, before the loops are made.
package enum Capacity {
    /// Returns how many descriptors can be opened at once, at most `count`.
    package static func descriptors(upTo count: Int) -> Int {
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

    /// Returns how many threads can run at once, at most `count`.
    ///
    /// Cost: some 20 µs for each thread.
    package static func threads(upTo count: Int) -> Int {
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
                    // A thread's first allocation takes much more address space than its stack.
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

    /// Blocks each thread until all have been started.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)

        private let kept = Mutex<[UInt]>([])

        deinit {
            for memory in kept.withLock({ $0 }) {
                free(UnsafeMutableRawPointer(bitPattern: memory))
            }
        }

        /// Holds memory until all threads have ended.
        func keep(_ memory: UnsafeMutableRawPointer?) {
            kept.withLock { $0.append(UInt(bitPattern: memory)) }
        }

        func wait() { semaphore.wait() }
        /// Lets one of the threads continue.
        func open() { semaphore.signal() }
    }
}
