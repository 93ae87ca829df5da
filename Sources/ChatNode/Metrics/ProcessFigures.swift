import ChatSupport
import Glibc

/// What Prometheus expects of every process, under the names that its client libraries use
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics").
///
/// Cost: some 10 µs; on a Linux before 6.2, a microsecond more for each descriptor.
enum ProcessFigures {
    static let families = [cpu, memory, openDescriptors, mostDescriptors, start]

    private static let cpu = Family(
        "process_cpu_seconds_total",
        .counter,
        "Time on a processor, in the program and for it in the kernel."
    )
    private static let memory = Family(
        "process_resident_memory_bytes",
        .gauge,
        "Memory of the process that is in the machine's."
    )
    private static let openDescriptors = Family(
        "process_open_fds",
        .gauge,
        "Open descriptors; each client is one."
    )
    private static let mostDescriptors = Family(
        "process_max_fds",
        .gauge,
        "Descriptors that the process may have."
    )
    private static let start = Family(
        "process_start_time_seconds",
        .gauge,
        "When the process began, in seconds since 1970."
    )

    /// Writes all that can be read; the rest is left out.
    static func append(to exposition: inout Exposition) {
        if let stat = Stat() {
            exposition.append(cpu, stat.cpuSeconds)
            exposition.append(memory, stat.residentBytes)
            if let boot = bootTime { exposition.append(start, boot + stat.startSeconds) }
        }
        if let count = descriptorCount { exposition.append(openDescriptors, Double(count)) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            exposition.append(mostDescriptors, Double(limit.rlim_cur))
        }
    }

    /// `/proc/self/stat` (proc(5)). The name in parentheses may contain anything, so the fields
    /// begin after the last closing parenthesis.
    private struct Stat {
        let cpuSeconds: Double
        let residentBytes: Double
        /// When the process was started, in seconds since the start of the machine.
        let startSeconds: Double

        init?() {
            guard let text = try? readTextFile("/proc/self/stat"),
                let end = text.lastIndex(of: ")")
            else { return nil }
            // The first of these is field 3 of proc(5).
            let fields = text[end...].dropFirst().split(whereSeparator: \.isWhitespace)
            let number = { (field: Int) in
                fields.count > field - 3 ? Double(fields[field - 3]) : nil
            }
            guard let user = number(14), let system = number(15), let start = number(22),
                let pages = number(24)
            else { return nil }
            let ticks = Double(sysconf(CInt(_SC_CLK_TCK)))
            cpuSeconds = (user + system) / ticks
            startSeconds = start / ticks
            residentBytes = pages * Double(sysconf(CInt(_SC_PAGESIZE)))
        }
    }

    /// When the machine was started, in seconds since 1970.
    private static let bootTime: Double? = {
        guard let text = try? readTextFile("/proc/stat"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("btime ") })
        else { return nil }
        return Double(line.dropFirst("btime ".utf8.count))
    }()

    private static var descriptorCount: Int? {
        // From Linux 6.2 on the folder's size is the number of descriptors (proc(5)); before, it is
        // 0.
        var status = stat()
        if stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        return countedDescriptors
    }

    static var countedDescriptors: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Not counted: the folder itself, its parent, and the descriptor that it is read with.
        return count - 3
    }
}
