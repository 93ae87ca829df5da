import ChatSupport
import Glibc

/// Why a node cannot listen for operators, in words that say what to do.
enum AdminTrouble: Error, Equatable {
    /// A living process listens there.
    case taken(String)
    /// Another user may change the folder.
    case notOwn(String)
    /// A file that is not a socket is at that path.
    case noSocket(String)
    case tooLong(String)
    case system(String, CInt)
}

extension AdminTrouble: CustomStringConvertible {
    var description: String {
        "error: cannot listen for operators \(what)\n  fix: \(fix)"
    }

    private var what: String {
        switch self {
        case .taken(let place): "at \(place.printable): another process already does"
        case .notOwn(let folder):
            "in \(folder.printable): it is not a folder that only this user can change"
        case .noSocket(let path): "at \(path.printable): that is no socket, and is left alone"
        case .tooLong(let path):
            "at \(path.printable): the path has \(path.utf8.count) bytes, and a socket's can have 107"
        case .system(let place, let error):
            "at \(place.printable): \(String(cString: strerror(error)).lowercased())"
        }
    }

    private var fix: String {
        switch self {
        case .taken: "stop it, or choose another place: \(Self.other)"
        case .notOwn(let folder): "see who made it (ls -ld \(folder.printable)), or \(Self.other)"
        case .noSocket, .tooLong, .system: Self.other
        }
    }

    private static let other = "--admin unix:PATH, --admin http://127.0.0.1:PORT or --admin none"

    /// The exit status of the process, as in sysexits.h.
    var exitCode: CInt {
        switch self {
        case .taken: EX_TEMPFAIL
        case .notOwn: EX_NOPERM
        case .noSocket, .system: EX_CANTCREAT
        case .tooLong: EX_CONFIG
        }
    }
}
