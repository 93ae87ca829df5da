import ChatCore
import Glibc
import Synchronization

/// A file descriptor that is closed with its owner.
final class Descriptor {
    let number: CInt

    init(_ number: CInt) { self.number = number }

    deinit { close(number) }

    /// Held while a descriptor is made that programs must not inherit, and while a program is started: a
    /// connection that another process has, too, does not end.
    private static let isMaking = Mutex(())

    /// Does what must not fall between the making of a descriptor and its mark.
    static func alone<Value>(_ work: () throws -> Value) rethrows -> Value {
        try isMaking.withLock { _ in try work() }
    }

    /// Makes a pipe.
    static func pipe() throws -> (reading: Descriptor, writing: Descriptor) {
        var ends: [CInt] = [0, 0]
        try alone {
            guard Glibc.pipe(&ends) == 0 else { throw PlayError.errno("pipe") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// Takes a connection that has come to a listening socket; nil: none has.
    func accept() -> Descriptor? {
        Self.alone {
            let new = Glibc.accept(number, nil, nil)
            guard new >= 0 else { return nil }
            _ = fcntl(new, F_SETFD, FD_CLOEXEC)
            _ = fcntl(new, F_SETFL, O_NONBLOCK)
            return Descriptor(new)
        }
    }

    /// Reads what is there, at most `count` bytes. Nil: nothing is there now; empty: the other side has
    /// ended.
    func read(upTo count: Int = 64 * 1024) -> [UInt8]? {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let got = Glibc.read(number, buffer.baseAddress, count)
            failed = got < 0 && (errno == EAGAIN || errno == EINTR)
            filled = max(0, got)
        }
        return failed ? nil : bytes
    }

    /// Writes as much as is taken now. Returns how much that was; nil if the other side has ended.
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        let count = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }
}

/// Something that a trial cannot be played without.
struct PlayError: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = what }

    /// Tells which call has failed, and why.
    static func errno(_ call: String) -> PlayError {
        PlayError("\(call): \(String(cString: strerror(Glibc.errno)))")
    }
}
