import ChatCore
import ChatSupport
import Logging
import NIOCore

/// The way from an open WebSocket to one that is gone (RFC 6455 §7).
extension Connection {
    /// Closes with a code and a reason for people. What the client has been sent before still
    /// arrives.
    func close(_ code: CloseCode, _ reason: String) {
        shard.settings.log.debug(
            "closing",
            metadata: ["socket": "\(id)", "code": "\(code.rawValue)", "reason": "\(reason)"]
        )
        beginClosing(Frame.close(code, reason), DisconnectReason(code))
    }

    func beginClosing(_ frame: [UInt8], _ why: DisconnectReason) {
        guard isOpen else { return }
        shard.metrics.ended(why)
        let slot = Int(id.slot)
        phase = .closing(discarded: 0)
        shard.leaveRooms(self)
        liveness.closing(now: Clock.now)
        // If the writer is blocked, the frame waits; if that takes too long, the connection is cut.
        sendPrivate(frame)
        shard.writers[slot].beginClosing()
        if !shard.writers[slot].isBlocked { shutOutput() }
        shard.updateSession(of: self) { $0.socketClosed(into: &$1) }
        remindWhenDue()
    }

    /// Ends the output. Input is still read for a while: to close a socket with unread input resets
    /// the connection, which can destroy the close frame on its way.
    func shutOutput() {
        guard let context else { return }
        liveness.lingering(now: Clock.now)
        context.close(mode: .output, promise: nil)
        remindWhenDue()
    }

    func discard(_ count: Int) {
        guard case .closing(let before) = phase else { return }
        let all = before + Int32(clamping: count)
        phase = .closing(discarded: all)
        if all > Limits.lingerBytes { cut() }
    }
}
