import Glibc

/// Time on processors, as the kernel counts it: nanoseconds, of one thread or of many.
struct ProcessorTime: Sendable {
    var ran = 0
    /// Ready to run, and not running, because others were.
    var waited = 0

    /// The thread that asks (proc(5): schedstat).
    static func ofThisThread() -> ProcessorTime {
        ProcessorTime(schedstat: "/proc/thread-self/schedstat") ?? ProcessorTime()
    }

    /// A whole process, threads that have ended included, to the nanosecond
    /// (clock_getcpuclockid(3)); how long they waited is not told. Nil when there is no such
    /// process.
    static func ofProcess(_ pid: Int) -> ProcessorTime? {
        var clock = clockid_t()
        var time = timespec()
        guard let pid = pid_t(exactly: pid), pid > 0, clock_getcpuclockid(pid, &clock) == 0,
            clock_gettime(clock, &time) == 0
        else { return nil }
        var sum = ProcessorTime()
        sum.ran = time.tv_sec * 1_000_000_000 + time.tv_nsec
        return sum
    }

    private init?(schedstat path: String) {
        let fields = smallFile(path)?.split(separator: " ").compactMap { Int($0) } ?? []
        guard fields.count >= 2 else { return nil }
        (ran, waited) = (fields[0], fields[1])
    }

    init() {}

    static func + (left: ProcessorTime, right: ProcessorTime) -> ProcessorTime {
        var sum = left
        sum.ran += right.ran
        sum.waited += right.waited
        return sum
    }

    static func - (left: ProcessorTime, right: ProcessorTime) -> ProcessorTime {
        var rest = left
        rest.ran -= right.ran
        rest.waited -= right.waited
        return rest
    }
}

/// A process's memory, in bytes.
struct ProcessMemory: Sendable {
    let resident: Int
    /// With what it shares counted in parts; nil where the kernel does not tell (proc(5):
    /// smaps_rollup).
    let proportional: Int?

    static func ofProcess(_ pid: Int) -> ProcessMemory? {
        guard let status = smallFile("/proc/\(pid)/status"),
            let resident = kibibytes("VmRSS:", in: status)
        else { return nil }
        let rollup = smallFile("/proc/\(pid)/smaps_rollup")
        return ProcessMemory(
            resident: resident,
            proportional: rollup.flatMap { kibibytes("Pss:", in: $0) }
        )
    }

    static func + (left: ProcessMemory, right: ProcessMemory) -> ProcessMemory {
        let proportional = left.proportional.flatMap { left in right.proportional.map { left + $0 }
        }
        return ProcessMemory(
            resident: left.resident + right.resident,
            proportional: proportional
        )
    }

    private static func kibibytes(_ key: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 * 1024 }
    }
}

/// A file of the kernel's, of a few kibibytes.
func smallFile(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 16 * 1024)
    let count = read(descriptor, &bytes, bytes.count)
    return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
}
