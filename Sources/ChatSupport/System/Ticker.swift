import ChatCore
package import NIOCore

/// Calls a function at fixed intervals, until it is cancelled or released.
///
/// On: its loop.
package final class Ticker {
    private let loop: any EventLoop
    private let interval: TimeAmount
    private let body: () -> Void
    private var next: Scheduled<Void>?

    package init(on loop: any EventLoop, every interval: Duration, _ body: @escaping () -> Void) {
        self.loop = loop
        self.interval = .nanoseconds(interval.inNanoseconds)
        self.body = body
        schedule()
    }

    deinit {
        next?.cancel()
    }

    package func cancel() {
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
