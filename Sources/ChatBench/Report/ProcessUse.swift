import Glibc

/// Processor time as the kernel counts it, in nanoseconds, of one thread or of many.
struct ProcessorTime: Sendable {
    var ran = 0
    /// The time in which it was ready to run, but others ran.
    var waited = 0

    /// Returns the time of the calling thread (proc(5): schedstat).
    static func ofThisThread() -> ProcessorTime {
        ProcessorTime(schedstat: "/proc/thread-self/schedstat") ?? ProcessorTime()
    }

    /// Returns the time of a whole process to the nanosecond, threads that have ended included
    /// (clock_getcpuclockid(3)); the waiting time is not known. Nil if there is no such process.
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

/// The memory of a process, in bytes.
struct ProcessMemory: Sendable {
    let resident: Int
    /// The memory, of which shared pages are counted in part; nil if the kernel does not tell
    /// (proc(5): smaps_rollup).
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

/// Returns the text of a file of the kernel's, of a few kibibytes.
func smallFile(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 16 * 1024)
    let count = read(descriptor, &bytes, bytes.count)
    return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
}
