import ChatCore
import Glibc
import Synchronization

/// The unix socket on which a node answers its operators. Only this user can connect to it, and its file
/// is removed when the node ends.
///
/// On: the task that starts and ends the node; never a loop.
struct AdminSocket: Hashable, Sendable {
    let path: String
    /// The folder that was made for the socket.
    private let folder: String?
    /// The identity of the socket's file, so that `remove` leaves another node's file at this path alone.
    private let file: FileIdentity

    struct FileIdentity: Hashable, Sendable {
        let device: dev_t
        let inode: ino_t

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
        }
    }

    static var user: uid_t { geteuid() }

    /// Makes a socket at a path. A socket file that is there already is replaced if its process has
    /// died; if a folder is given, the other sockets in it whose processes have died are removed.
    ///
    /// The caller owns the returned descriptor. No client can connect before the caller listens on it.
    ///
    /// Fails: if a living process listens at the path, if other users may change the folder, or if the
    /// system refuses. Two nodes that are told the same path and start at the same moment can each take
    /// the other's socket for a dead one. Automatic paths differ from node to node.
    static func bind(
        at path: String,
        in folder: String?
    ) throws(AdminTrouble) -> (socket: AdminSocket, descriptor: CInt) {
        guard path.utf8.count <= Limits.socketPathBytes else { throw .tooLong(path) }
        let descriptor = socket(AF_UNIX, streamKind, 0)
        guard descriptor >= 0 else { throw .system(path, errno) }
        do throws(AdminTrouble) {
            try place(descriptor, at: path, in: folder)
            guard chmod(path, S_IRUSR | S_IWUSR) == 0, let file = identity(of: path) else {
                throw .system(path, errno)
            }
            if let folder { sweep(folder) }
            let socket = AdminSocket(path: path, folder: folder, file: file)
            remaining.withLock { _ = $0.insert(socket) }
            _ = removesTheRest
            return (socket, descriptor)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Removes the socket's file if it is still the one that was made.
    ///
    /// Must be called while the descriptor is open, because the system gives the file's inode number to
    /// no other file until then.
    func remove() {
        AdminSocket.remaining.withLock { _ = $0.remove(self) }
        if AdminSocket.identity(of: path) == file { unlink(path) }
        // This fails if other sockets are still in the folder.
        if let folder { rmdir(folder) }
    }

    /// The sockets of this process; they are removed if it ends by `exit`.
    private static let remaining = Mutex<Set<AdminSocket>>([])
    private static let removesTheRest: Void = {
        atexit {
            for socket in AdminSocket.remaining.withLock({ $0 }) { socket.remove() }
        }
    }()
}

// MARK: - The file

extension AdminSocket {
    private static let streamKind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)

    private static func place(
        _ descriptor: CInt,
        at path: String,
        in folder: String?
    ) throws(AdminTrouble) {
        // Another process may remove the folder or the dead socket between two steps. Then the steps
        // are repeated, but not for ever.
        for _ in 0..<10 {
            if let folder { try make(folder) }
            guard bind(descriptor, path) != 0 else { return }
            switch errno {
            case EADDRINUSE: try replaceDead(path)
            case ENOENT where folder != nil: continue
            case let error: throw .system(path, error)
            }
        }
        throw .taken(path)
    }

    /// Makes a folder that no other user can put anything into. Refuses a folder of that name that
    /// another user has made.
    private static func make(_ folder: String) throws(AdminTrouble) {
        if mkdir(folder, S_IRWXU) == 0 { return }
        guard errno == EEXIST else { throw .system(folder, errno) }
        try requireOwn(folder)
    }

    /// Fails: if others than this user can change what is in the folder. One that does not exist is fine.
    static func requireOwn(_ folder: String) throws(AdminTrouble) {
        guard let status = status(of: folder) else { return }
        guard isFolder(status), status.st_uid == user, status.st_mode & 0o077 == 0 else {
            throw .notOwn(folder)
        }
    }

    /// Returns whether there is a folder of this user at an absolute path.
    static func isOwn(folder: String) -> Bool {
        guard folder.hasPrefix("/"), let status = status(of: folder) else { return false }
        return isFolder(status) && status.st_uid == user
    }

    private static func replaceDead(_ path: String) throws(AdminTrouble) {
        guard let status = status(of: path) else { return }
        try requireSocket(status, at: path)
        let error = try knock(at: path)
        switch error {
        case ECONNREFUSED: break
        case ENOENT: return
        // Linux makes the listener's end of the connection in this call, too, and may lack memory for it.
        case ENFILE, ENOMEM, ENOBUFS: throw .system(path, error)
        default: throw .taken(path)
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, errno) }
    }

    /// Fails: if the file is anything but a socket.
    static func requireSocket(_ status: stat, at path: String) throws(AdminTrouble) {
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .noSocket(path) }
    }

    /// Tries to connect to the socket at a path. Returns the errno, or 0 if the connection is accepted.
    /// `ECONNREFUSED` means that no process listens there; most other errors come from a process that
    /// lives but is too busy to accept.
    ///
    /// Fails: if no socket can be made for the try.
    static func knock(at path: String) throws(AdminTrouble) -> CInt {
        let probe = socket(AF_UNIX, streamKind | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw .system(path, errno) }
        defer { close(probe) }
        return connect(probe, path) == 0 ? 0 : errno
    }

    /// Returns the status of the path itself, not of what a link leads to.
    static func status(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    private static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    static func identity(of path: String) -> FileIdentity? {
        status(of: path).map(FileIdentity.init)
    }

    private static func bind(_ descriptor: CInt, _ path: String) -> CInt {
        withAddress(path) { Glibc.bind(descriptor, $0, $1) }
    }

    private static func connect(_ descriptor: CInt, _ path: String) -> CInt {
        withAddress(path) { Glibc.connect(descriptor, $0, $1) }
    }

    private static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
