import ChatCore
import Glibc

/// What a node leaves that is killed: its socket stays, and perhaps nobody ever comes back to its port.
///
/// On: the control plane.
extension AdminSocket {
    /// Takes those sockets out of a folder that have an automatic name, are this user's, and have nobody
    /// who listens. Whatever else is in it, and what cannot be asked or taken away, stays.
    ///
    /// One that has just been made may not listen yet: its turn comes with a later start.
    ///
    /// In a folder that machines share by a network file system, the other machines' sockets would
    /// look dead; the default folders are not such.
    static func sweep(_ folder: String, now: time_t = time(nil)) {
        for name in names(in: folder) where isAutomatic(name) {
            let path = "\(folder)/\(name)"
            guard path.utf8.count <= Limits.socketPathBytes, let status = status(of: path),
                status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == user,
                Duration.seconds(now - status.st_mtim.tv_sec) >= Limits.adminSocketSettled,
                (try? knock(at: path)) == ECONNREFUSED,
                // Somebody may have come back to that port since.
                identity(of: path) == FileIdentity(status)
            else { continue }
            unlink(path)
        }
    }

    /// As `Configuration.adminPlace` names them: `host-port.sock`, or `port.sock`.
    private static func isAutomatic(_ name: String) -> Bool {
        guard name.hasSuffix(".sock") else { return false }
        let port = name.dropLast(".sock".count).split(separator: "-").last ?? ""
        return port.allSatisfy { ("0"..."9").contains($0) } && (1...65535).contains(Int(port) ?? 0)
    }

    private static func names(in folder: String) -> [String] {
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                names.append(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
            }
        }
        return names
    }
}
