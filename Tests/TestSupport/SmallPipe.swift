import Glibc

/// The smallest capacity that Linux gives a pipe: a page (fcntl(2)).
public let smallPipeBytes = 4096

/// Limits a pipe to that capacity, so that it is soon full.
public func makeSmall(pipe descriptor: CInt) throws {
    try setCapacity(of: descriptor, to: smallPipeBytes)
}

/// Gives a pipe a capacity, a power of two times a page.
public func setCapacity(of pipe: CInt, to bytes: Int) throws {
    // F_SETPIPE_SZ of fcntl-linux.h, which Swift does not see.
    let setPipeSize: CInt = 1031
    guard fcntl(pipe, setPipeSize, CInt(bytes)) == CInt(bytes) else {
        throw Unexpected("F_SETPIPE_SZ: errno \(errno)")
    }
}
