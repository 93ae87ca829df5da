import ChatCore
import NIOCore

/// What a node's loops stand before: the memory of this process, or a Redis that others share.
///
/// Another way to fan out is another one of these, and of `Broker`.
protocol Backend: Sendable {
    /// One loop's way to it. On: that loop.
    func makeBroker(on loop: any EventLoop, index: Int) -> any Broker

    /// Begins to answer and to deliver. Returns as soon as that has begun, not when the backend can
    /// be reached: until then sessions are told that nothing can be asked.
    func start(for hub: Hub) async throws

    /// Reads again what is outside of the process and may have changed. The answer says what that is.
    func readAgain() -> [String]

    /// Lets go. What has no answer by now will have none.
    func stop() async
}
