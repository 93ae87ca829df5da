import Glibc

/// Why a file could not be read.
package struct FileReadError: Error, Equatable {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// Reads a small text file, or a pipe, as a whole, without the byte order mark that editors of other
/// systems write first.
///
/// Fails: if it cannot be read, is not UTF-8, or is longer than a megabyte and so not the file that
/// was meant.
package func readTextFile(_ path: String) throws(FileReadError) -> String {
    let longestBytes = 1 << 20
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileReadError(errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count <= longestBytes {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw FileReadError(errno) }
        guard count > 0 else {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                let isUTF16 = [[0xFF, 0xFE], [0xFE, 0xFF]].contains(bytes.prefix(2))
                throw FileReadError(reason: isUTF16 ? "it is UTF-16, not UTF-8" : "it is not UTF-8")
            }
            return text.withoutByteOrderMark
        }
        bytes += chunk[..<count]
    }
    throw FileReadError(reason: "it is longer than a megabyte")
}

extension String {
    /// The text without the mark at its start that says how a file is encoded (Unicode 16, section
    /// 23.8).
    package var withoutByteOrderMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
    }
}

extension FileReadError {
    fileprivate init(_ error: Int32) {
        let words = strerror(error).map { String(cString: $0) } ?? "error \(error)"
        self.init(reason: words.lowercased())
    }
}
