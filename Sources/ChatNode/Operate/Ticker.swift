import ChatCore
import NIOCore

/// Does something every so often, until it is cancelled or let go of.
///
/// On: its loop.
final class Ticker {
    private let loop: any EventLoop
    private let interval: TimeAmount
    private let body: () -> Void
    private var next: Scheduled<Void>?

    init(on loop: any EventLoop, every interval: Duration, _ body: @escaping () -> Void) {
        self.loop = loop
        self.interval = .nanoseconds(interval.inNanoseconds)
        self.body = body
        schedule()
    }

    deinit {
        next?.cancel()
    }

    func cancel() {
        next?.cancel()
        next = nil
    }

    private func schedule() {
        next = loop.assumeIsolated().scheduleTask(in: interval) { [weak self] in
            self?.schedule()
            self?.body()
        }
    }
}
