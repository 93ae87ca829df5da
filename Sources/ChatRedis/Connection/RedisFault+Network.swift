import ChatCore
import ChatSupport
import Glibc
import NIOCore
import NIOPosix

extension RedisFault {
    /// Why there was no connection.
    init(connecting error: any Error) {
        switch error {
        case let error as IOError: self.init(errno: error.errnoCode)
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            self = .unreachable("the host name is not known")
        case ChannelError.connectTimeout:
            let patience = Limits.redisConnectTimeout
            self = .unreachable("no connection within \(Units.text(duration: patience))")
        case let error as NIOConnectionError:
            // Several addresses were tried; the first one's trouble stands for all.
            guard let first = error.connectionErrors.first?.error else {
                self = .unreachable("the host name is not known")
                return
            }
            self.init(connecting: first)
        default:
            // Closed while it was still being set up.
            self = .notRedis(.hungUp)
        }
    }

    private init(errno code: CInt) {
        switch code {
        case ECONNREFUSED: self = .refused
        case ECONNRESET, EPIPE: self = .notRedis(.hungUp)
        default:
            let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
            self = .unreachable(words.lowercased())
        }
    }
}
