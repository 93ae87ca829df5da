/// What commands say to the person who started them.
enum Terminal {
    /// To the standard output.
    static func say(_ text: String) {
        LineQueue.standardOutput.append(Array((text + "\n").utf8), isForPerson: true)
    }

    /// To the standard error output.
    static func complain(_ text: String) {
        LineQueue.standardError.append(Array((text + "\n").utf8), isForPerson: true)
    }
}
