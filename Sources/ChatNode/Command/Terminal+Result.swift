import ArgumentParser
import ChatSupport
import Glibc

extension Terminal {
    /// Writes the result of a command to the standard output, for commands that do nothing else: it
    /// waits until the reader has taken it.
    ///
    /// Fails: with the exit code 74 (`EX_IOERR`) if the output cannot be written.
    static func write(_ text: String) throws {
        // A reader that leaves early, such as `head`, is told by the result of the call.
        Signals.ignoreBrokenPipes()
        guard let error = write(Array(text.utf8), to: STDOUT_FILENO) else { return }
        if error != EPIPE {
            complain(
                """
                error: cannot write the output: \(String(cString: strerror(error)).lowercased())
                  fix: another place for it
                """
            )
        }
        throw ExitCode(EX_IOERR)
    }
}
