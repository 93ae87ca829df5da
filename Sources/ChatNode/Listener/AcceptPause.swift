import ChatCore
import Glibc
import NIOCore

/// Stops accepting for a moment if there are no descriptors or no memory for a connection.
///
/// Without it the accepting loop spins. NIO's own `AcceptBackoffHandler` (2.101.2) only delays
/// `read`, which does not help while the listening socket stays registered for reading: 2,413
/// failing `accept4` calls a second were counted with it. To switch `autoRead` off unregisters the
/// socket.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private var isPaused = false
    private let onPause: () -> Void

    /// Makes a handler that calls `onPause` for each pause.
    init(onPause: @escaping () -> Void = {}) {
        self.onPause = onPause
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode,
            [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code)
        else { return context.fireErrorCaught(error) }
        guard !isPaused else { return }
        isPaused = true
        onPause()
        setAutoRead(false, context)
        let pause = TimeAmount.nanoseconds(Limits.acceptPause.inNanoseconds)
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.isPaused = false
            self.setAutoRead(true, context)
        }
    }

    private func setAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // The channel may have closed meanwhile, and then accepts nothing anyway.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
