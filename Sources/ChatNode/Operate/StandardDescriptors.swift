import Glibc

/// The descriptors 0, 1 and 2, which are the standard input and the two outputs and never anything else.
///
/// A process may be started with one of them closed. The next thing that is opened would take its
/// number: lines of the log would go to a client's socket.
enum StandardDescriptors {
    /// Puts `/dev/null` in the place of those that are closed.
    ///
    /// On: the main thread, before anything else is opened.
    static func fill() {
        while let descriptor = openNothing() {
            guard descriptor > STDERR_FILENO else { continue }
            close(descriptor)
            return
        }
    }

    /// The lowest free number, which is one of the three as long as one of them is closed. Where there is
    /// no `/dev/null`, as in an empty folder for a root, a place to read and write nothing at.
    private static func openNothing() -> CInt? {
        for (path, flags) in [("/dev/null", O_RDWR), ("/", O_RDONLY)] {
            let descriptor = open(path, flags)
            if descriptor >= 0 { return descriptor }
        }
        return nil
    }
}
