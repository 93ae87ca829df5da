import Glibc

/// The least that Linux gives a pipe: a page (fcntl(2)).
public let smallPipeBytes = 4096

/// Has a pipe take no more than that, so that it is soon full.
public func makeSmall(pipe descriptor: CInt) throws {
    // Of fcntl-linux.h, which Swift does not see.
    let setPipeSize: CInt = 1031
    guard fcntl(descriptor, setPipeSize, CInt(smallPipeBytes)) == CInt(smallPipeBytes) else {
        throw Unexpected("F_SETPIPE_SZ: errno \(errno)")
    }
}
