import CEmbedded
import ChatCore

/// The scripts that run inside Redis; what each does stands at its head, in `CEmbedded/scripts`.
enum Script: Int, CaseIterable, Sendable {
    case openepoch, register, renew, certify, claim, release, reap, publish, catchup, endgrace,
        history, presence, present

    /// What Redis is sent once: the common part, what changes of presence share, and the script's own.
    var source: [UInt8] { Self.sources[rawValue] }

    /// What it is called by then: the SHA-1 of its source, in hexadecimal digits.
    var digest: [UInt8] { Self.digests[rawValue] }

    /// How each call of it begins.
    var opening: RedisCommand { Self.openings[rawValue] }

    private static let sources: [[UInt8]] = {
        let common = embedded("common")
        let here = embedded("here")
        return allCases.map { script in
            script.flags + common + (script.changesPresence ? here : []) + embedded("\(script)")
        }
    }()

    /// What frees names, or proves that a node lives, adds next to nothing, and must also work
    /// where Redis has used all its memory: else every lease would lapse over it.
    private var flags: [UInt8] {
        switch self {
        case .renew, .certify, .release, .reap, .endgrace:
            Array("#!lua flags=allow-oom\n".utf8)
        case .openepoch, .register, .claim, .publish, .catchup, .history, .presence, .present: []
        }
    }

    /// Whether it may change who is present in rooms.
    private var changesPresence: Bool {
        switch self {
        case .claim, .release, .reap, .presence: true
        case .openepoch, .register, .renew, .certify, .publish, .catchup, .endgrace, .history,
            .present:
            false
        }
    }

    private static let digests = sources.map { source in
        SHA1.digest(source).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    private static let openings = digests.map { RedisCommand([Array("EVALSHA".utf8), $0]) }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func embedded(_ name: String) -> [UInt8] {
        let file = embedded_script(name)
        precondition(file.length > 0, "no script \(name) is embedded")
        return Array(UnsafeBufferPointer(start: file.bytes, count: file.length))
    }
}
