import Glibc

/// Reserves the descriptors 0, 1 and 2 for the standard input and the two outputs.
///
/// A process may be started with one of them closed. The next file or socket would take its number:
/// lines of the log would go to a client's socket.
enum StandardDescriptors {
    /// Opens `/dev/null` in the place of those that are closed.
    ///
    /// On: the main thread, before anything else is opened.
    static func fill() {
        while let descriptor = openNothing() {
            guard descriptor > STDERR_FILENO else { continue }
            close(descriptor)
            return
        }
    }

    /// Opens the lowest free number, which is one of the three as long as one of them is closed. If
    /// there is no `/dev/null`, as after a chroot into an empty folder, it opens `/`, from which
    /// nothing can be read or written.
    private static func openNothing() -> CInt? {
        for (path, flags) in [("/dev/null", O_RDWR), ("/", O_RDONLY)] {
            let descriptor = open(path, flags)
            if descriptor >= 0 { return descriptor }
        }
        return nil
    }
}
