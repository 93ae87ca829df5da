import ChatCore
import ChatSupport
import NIOCore

/// What a client is sent: its private frames, and the rest of what its socket did not take.
extension Connection {
    /// Sends frames that are this client's alone.
    func sendPrivate(_ frames: [UInt8]) {
        let slot = Int(id.slot)
        guard !shard.writers[slot].isBlocked else {
            if waiting.count + frames.count <= Limits.privateBytes || !isOpen {
                waiting += frames
            } else {
                close(.tooSlow, "too slow: answers were not read")
            }
            return
        }
        switch frames.withUnsafeBytes({ shard.writers[slot].transmit($0) }) {
        case .sent, .broken: break
        case .partly(let count):
            // In pieces, so that a slow reader is seen to make progress.
            let rest = frames[count...]
            handOver(rest.prefix(Limits.handOverBytes))
            waiting += rest.dropFirst(Limits.handOverBytes)
        }
    }

    /// Has the channel send what the socket does not take now; the writer is blocked until that has
    /// been sent.
    func handOver(_ bytes: ArraySlice<UInt8>) {
        guard let context else { return }
        handOver(context.channel.allocator.buffer(bytes: bytes))
    }

    private func handOver(_ buffer: ByteBuffer) {
        guard let context else { return }
        shard.writers[Int(id.slot)].block()
        shard.noteStalled(self)
        liveness.blocked(now: Clock.now)
        remindWhenDue()
        // In a task of its own: a write that fails makes the channel read what is left and close,
        // which must not happen inside the caller, be it the parser or the broadcast.
        context.eventLoop.assumeIsolated().execute { [self] in
            guard let context = self.context else { return }
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess { self.handedOver() }
            context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
        }
    }

    private func handedOver() {
        let slot = Int(id.slot)
        shard.writers[slot].unblock()
        liveness.unblocked()
        let waited = waiting
        waiting = []
        if !waited.isEmpty { sendPrivate(waited) }
        guard !shard.writers[slot].isBlocked else { return }
        switch phase {
        case .open:
            shard.answerHasLeft(to: id)
            if isOpen, !shard.writers[slot].isBlocked { shard.catchUp(self) }
        case .closing: shutOutput()
        case .gone, .vacated: break
        }
    }
}
