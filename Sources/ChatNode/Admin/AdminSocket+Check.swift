import ChatCore
import Glibc

extension AdminSocket {
    /// Checks whether this user could make a socket at a path, without making it. What listens there
    /// at the moment is not looked at.
    ///
    /// Fails: as `bind` would.
    static func check(_ path: String, in folder: String?) throws(AdminTrouble) {
        guard path.utf8.count <= Limits.socketPathBytes else { throw .tooLong(path) }
        if let folder {
            try requireOwn(folder)
        } else {
            let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            guard access(parent, W_OK | X_OK) == 0 else { throw .system(path, errno) }
        }
        if let status = status(of: path) { try requireSocket(status, at: path) }
    }
}
