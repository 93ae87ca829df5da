package import ChatCore
package import Glibc

/// Reads the clocks whose times ChatCore is given.
package enum Clock {
    /// The time of a clock that only goes forward and goes on while the machine sleeps.
    ///
    /// Cost: about 20 ns; no system call if the kernel maps its clock.
    @inlinable @inline(__always) package static var now: Instant {
        let time = read(CLOCK_BOOTTIME)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Milliseconds since 1970, for `ts` and for the age of stored messages.
    @inlinable @inline(__always) package static var unixMilliseconds: Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Reads a clock of the system.
    @inlinable @inline(__always) package static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
