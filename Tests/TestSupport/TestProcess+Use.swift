import Foundation

/// What a process uses of the machine.
extension TestProcess {
    /// The processor time of all threads so far, as the kernel counts it (proc(5), schedstat).
    public var processorTime: Duration {
        get throws {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            let nanoseconds = threads.compactMap { thread -> Int? in
                let path = "/proc/\(pid)/task/\(thread)/schedstat"
                let text = try? String(contentsOfFile: path, encoding: .utf8)
                return text?.split(separator: " ").first.flatMap { Int($0) }
            }
            return .nanoseconds(nanoseconds.reduce(0, +))
        }
    }

    /// The resident memory in kibibytes, as the kernel counts it.
    public var residentKiB: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            guard let line, let value = Int(line.filter(\.isNumber)) else {
                throw Unexpected("no VmRSS for process \(pid)")
            }
            return value
        }
    }
}
