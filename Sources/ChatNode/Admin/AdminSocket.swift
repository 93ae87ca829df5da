import ChatCore
import Glibc
import Synchronization

/// A unix socket that operators ask a node at: for this user alone, and gone when the node is.
///
/// On: the control plane.
struct AdminSocket: Hashable, Sendable {
    let path: String
    /// Made for the socket.
    private let folder: String?
    /// Which file it is, so that another node's in the same place is left alone.
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

    /// Puts a socket there, and replaces that of a process that has died; out of the folder, if there is
    /// one, go those of others that have. The answer's descriptor is the caller's; nobody can connect
    /// before it listens.
    ///
    /// Fails: where a living process listens there, the folder may be changed by others, or the
    /// system says no. Two nodes that start in one moment with one path can each take the other's
    /// socket for a dead one's; the automatic path has no such two.
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

    /// Takes it away, if it is still the one that was put there. To be called while the descriptor is
    /// open: it keeps the file's number from being given to another.
    func remove() {
        AdminSocket.remaining.withLock { _ = $0.remove(self) }
        if AdminSocket.identity(of: path) == file { unlink(path) }
        // Others' sockets keep it.
        if let folder { rmdir(folder) }
    }

    /// Those of this process. Whatever ends it by `exit` takes them along.
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
        // Others may take a folder or a dead socket away at any moment; nobody does so for ever.
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

    /// A folder that nobody else can put anything into. One that somebody else has made in a place
    /// where everybody may make one is not for us.
    private static func make(_ folder: String) throws(AdminTrouble) {
        if mkdir(folder, S_IRWXU) == 0 { return }
        guard errno == EEXIST else { throw .system(folder, errno) }
        guard let status = status(of: folder) else { return }
        guard isFolder(status), status.st_uid == user, status.st_mode & 0o077 == 0 else {
            throw .notOwn(folder)
        }
    }

    /// Whether it is a folder of this user's.
    static func isOwn(folder: String) -> Bool {
        guard folder.hasPrefix("/"), let status = status(of: folder) else { return false }
        return isFolder(status) && status.st_uid == user
    }

    private static func replaceDead(_ path: String) throws(AdminTrouble) {
        guard let status = status(of: path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .noSocket(path) }
        let error = try knock(at: path)
        switch error {
        case ECONNREFUSED: break
        case ENOENT: return
        // Linux makes the other end of a connection here, too, and may have no room for it.
        case ENFILE, ENOMEM, ENOBUFS: throw .system(path, error)
        default: throw .taken(path)
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, errno) }
    }

    /// What becomes of a connection there, as an errno; 0 where it is taken. Anything but a refusal is
    /// somebody, even one who is too busy to take us.
    ///
    /// Fails: where there is no socket to try it with.
    static func knock(at path: String) throws(AdminTrouble) -> CInt {
        let probe = socket(AF_UNIX, streamKind | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw .system(path, errno) }
        defer { close(probe) }
        return connect(probe, path) == 0 ? 0 : errno
    }

    /// Not of what a link leads to.
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
