import ChatCore
import Logging

/// What came over a channel and is no message: counted, and told of once a minute at most.
struct MalformedCount {
    private var count = 0
    private var reason = ""
    private var reportedAt = Instant.distantPast

    mutating func count(_ reason: String) {
        count += 1
        self.reason = reason
    }

    /// What to log now; nil where there is nothing, or nothing yet.
    mutating func takeReport(now: Instant) -> Logger.Metadata? {
        guard count > 0, now >= reportedAt + Limits.malformedReportInterval else { return nil }
        defer {
            count = 0
            reportedAt = now
        }
        return ["count": "\(count)", "last": "\(reason)"]
    }
}
