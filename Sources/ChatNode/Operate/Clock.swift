import ChatCore
import Glibc

/// Reads the clocks that ChatCore is handed.
enum Clock {
    /// A clock that only goes forward and goes on while the machine sleeps.
    ///
    /// Cost: about 20 ns; no system call where the kernel maps its clock.
    static var now: Instant {
        let time = read(CLOCK_BOOTTIME)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Milliseconds since 1970, for `ts` and for how long things are kept.
    static var unixMilliseconds: Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
