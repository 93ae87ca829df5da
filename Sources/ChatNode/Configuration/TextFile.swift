import Glibc

/// Why a file could not be read.
struct FileReadError: Error, Equatable {
    let reason: String
}

/// Reads a small text file whole; a pipe will do.
///
/// Fails: where it cannot be read, is not UTF-8, or is longer than a megabyte and so not the file
/// that was meant.
func readTextFile(_ path: String) throws(FileReadError) -> String {
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
                throw FileReadError(reason: "it is not UTF-8")
            }
            return text
        }
        bytes += chunk[..<count]
    }
    throw FileReadError(reason: "it is longer than a megabyte")
}

extension FileReadError {
    fileprivate init(_ error: Int32) {
        let words = strerror(error).map { String(cString: $0) } ?? "error \(error)"
        self.init(reason: words.lowercased())
    }
}
