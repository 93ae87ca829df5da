import ChatCore
import Glibc

/// Removes the sockets of nodes that were killed: such a socket stays, and perhaps no node ever
/// comes back to its port.
///
/// On: the task that starts and ends the node; never a loop.
extension AdminSocket {
    /// Removes those sockets from a folder that have an automatic name, belong to this user, and
    /// have no listener. Anything else in it, and what cannot be checked or removed, stays.
    ///
    /// A socket that has just been made may not listen yet, and must not be removed: only a later
    /// start considers it.
    ///
    /// In a folder that several machines share by a network file system, the other machines'
    /// sockets would look dead; the default folders are not shared.
    static func sweep(_ folder: String, now: time_t = time(nil)) {
        for name in names(in: folder) where isAutomatic(name) {
            let path = "\(folder)/\(name)"
            guard path.utf8.count <= Limits.socketPathBytes, let status = status(of: path),
                status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == user,
                Duration.seconds(now - status.st_mtim.tv_sec) >= Limits.adminSocketSettled,
                (try? knock(at: path)) == ECONNREFUSED,
                // Another node may have come back to that port since.
                identity(of: path) == FileIdentity(status)
            else { continue }
            unlink(path)
        }
    }

    /// As `AdminSection.place` names them: `host-port.sock`, or `port.sock`.
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
            // The field is declared longer than most entries are (readdir(3)): read as a value, it
            // would reach beyond the end of the kernel's buffer.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
            let name = UnsafeRawPointer(entry) + offset
            names.append(String(cString: name.assumingMemoryBound(to: CChar.self)))
        }
        return names
    }
}
