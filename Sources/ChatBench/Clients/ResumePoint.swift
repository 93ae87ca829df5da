import ChatClient
import ChatCore

/// The memory of a client of `chat.v1` that comes back: the secret of its login, and its position in its
/// room.
struct ResumePoint {
    private(set) var session: String?
    /// The highest number that was accepted of its messages when it logged in last.
    private(set) var acked: UInt64 = 0
    private var epoch: String?
    private var seq: UInt64 = 0
    private var mid = ""
    /// Whether the client joins from a position at present, so that it is sent what it has missed.
    var isReturning = false

    /// The position, as the `since` of a `join`; nil before the first one. Epochs and mids have nothing that
    /// JSON escapes.
    var since: String? {
        epoch.map { #"{"epoch":"\#($0)","seq":\#(seq),"mid":"\#(mid)"}"# }
    }

    /// Takes a `logged_in`.
    mutating func take(login: HeardMessage) {
        session = login.session ?? session
        acked = login.acked ?? 0
    }

    /// Takes a `joined`, a `reset` or a `chat`, each of which moves the position.
    mutating func take(position: HeardMessage) {
        guard let seq = position.seq, let mid = position.mid else { return }
        move(to: seq, mid)
        if let epoch = position.epoch { self.epoch = epoch }
    }

    mutating func move(to seq: UInt64, _ mid: String) {
        self.seq = seq
        self.mid = mid
    }
}
