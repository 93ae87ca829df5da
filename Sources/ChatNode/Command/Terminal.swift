import Glibc

/// What commands say to the person who started them.
enum Terminal {
    /// To the standard output.
    static func say(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    /// To the standard error output.
    static func complain(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    /// Unbuffered, so that it is there when the process is not.
    private static func write(_ text: String, to descriptor: CInt) {
        let line = Array((text + "\n").utf8)
        _ = Glibc.write(descriptor, line, line.count)
    }
}
