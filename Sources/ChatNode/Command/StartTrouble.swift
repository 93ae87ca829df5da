import ChatSupport
import Glibc
import NIOCore

/// Says why a node could not start, and what corrects it.
struct StartTrouble: CustomStringConvertible {
    let description: String
    /// The exit code of the process, as in sysexits.h.
    let exitCode: CInt

    init(_ error: any Error, _ configuration: Configuration) {
        if let trouble = error as? AdminTrouble {
            description = trouble.description
            exitCode = trouble.exitCode
            return
        }
        if let trouble = error as? TooFew {
            description = trouble.description
            exitCode = trouble.exitCode
            return
        }
        let listener = configuration.listener
        let place = "\(listener.host):\(listener.port)"
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            description = """
                error: cannot listen on \(place): another process already does
                  fix: stop it (ss -ltnp 'sport = :\(listener.port)' names it), \
                or choose another port: --port \(Self.otherPort(than: configuration))
                """
            exitCode = EX_TEMPFAIL
        case EACCES:
            description = """
                error: cannot listen on \(place): ports below 1024 need a privilege
                  fix: choose another port (--port 4567) and let a proxy or a socket pass it on
                """
            exitCode = EX_NOPERM
        case EADDRNOTAVAIL:
            description = """
                error: cannot listen on \(place): this machine does not have that address
                  fix: --host 0.0.0.0 for all of its addresses, 127.0.0.1 for itself alone
                """
            exitCode = EX_CONFIG
        default:
            guard error is ListeningPlaces.UnknownHost else {
                description = "error: cannot start: \(error)"
                exitCode = EX_SOFTWARE
                return
            }
            description = """
                error: cannot listen on \(place): the host “\(listener.host)” is not known
                  fix: --host with an address of this machine, such as 127.0.0.1
                """
            exitCode = EX_NOHOST
        }
    }

    /// Returns another port that the settings take: the next one, or the one before if there is none;
    /// never the operators' port.
    private static func otherPort(than configuration: Configuration) -> Int {
        let step = configuration.listener.port < 65534 ? 1 : -1
        let next = configuration.listener.port + step
        guard case .tcp(_, next) = configuration.admin.address else { return next }
        return next + step
    }
}
