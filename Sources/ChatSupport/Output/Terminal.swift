import Glibc

/// Prints what commands have to say to the person or program that started them.
package enum Terminal {
    /// Prints a line on the standard output, without waiting until it is written.
    package static func say(_ text: String) {
        LineQueue.standardOutput.append(Array((text + "\n").utf8), isForPerson: true)
    }

    /// Prints a line on the standard error output, without waiting until it is written.
    package static func complain(_ text: String) {
        LineQueue.standardError.append(Array((text + "\n").utf8), isForPerson: true)
    }

    /// Writes all bytes to a descriptor. Returns the `errno` of the call that failed, if one did.
    package static func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return nil
    }
}
