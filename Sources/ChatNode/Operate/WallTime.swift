import Glibc

/// A time of the day and the calendar, for people; never used to decide anything.
struct WallTime: Equatable, Sendable {
    /// Milliseconds since 1970, UTC.
    var milliseconds: Int

    /// Returns the system's time of day.
    static func now() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }

    /// Returns how far this machine's local time is ahead of UTC, in seconds.
    ///
    /// Call it once: the C library takes a lock for it.
    static func utcOffset() -> Int {
        var now = time(nil)
        var local = tm()
        return localtime_r(&now, &local) == nil ? 0 : local.tm_gmtoff
    }

    /// The time as `2026-01-31T09:05:07.042Z` (RFC 3339).
    var rfc3339: String {
        let (days, inDay) = milliseconds.quotientAndRemainderDown(dividingBy: 86_400_000)
        let (year, month, day) = Self.date(days: days)
        return "\(year.digits(4))-\(month.digits(2))-\(day.digits(2))T\(Self.clock(inDay))Z"
    }

    /// Returns the time as `09:05:07.042`, `utcOffset` seconds ahead of UTC.
    func clock(utcOffset: Int) -> String {
        let local = milliseconds + utcOffset * 1000
        return Self.clock(local.quotientAndRemainderDown(dividingBy: 86_400_000).remainder)
    }

    private static func clock(_ inDay: Int) -> String {
        let seconds = inDay / 1000
        let hours = (seconds / 3600).digits(2)
        let minutes = (seconds / 60 % 60).digits(2)
        return "\(hours):\(minutes):\((seconds % 60).digits(2)).\((inDay % 1000).digits(3))"
    }

    /// Returns the date in the Gregorian calendar for a number of days since 1970: Howard Hinnant's
    /// `civil_from_days`, which counts in eras of 400 years (146,097 days) that begin in March.
    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (days + 719_468).quotientAndRemainderDown(dividingBy: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int {
    /// Divides with a remainder that is never negative, for times before 1970.
    fileprivate func quotientAndRemainderDown(
        dividingBy divisor: Int
    ) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The number with leading zeros.
    fileprivate func digits(_ width: Int) -> String {
        let text = String(self)
        return String(repeating: "0", count: Swift.max(0, width - text.utf8.count)) + text
    }
}
