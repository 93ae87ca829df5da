/// A place that keeps names and orders messages, as a node's loops see it: the memory of this process,
/// or a Redis that other nodes share.
///
/// A backend is an atomic store of names and logs with a notification. To add one, conform to this
/// protocol and to `Broker`, and tell events in the order that `BrokerEvents` states;
/// `docs/backends.md` describes it step by step.
public protocol Backend: Sendable {
    /// Makes the broker of one loop. On: that loop, once for each, before `start`.
    func makeBroker(ofLoop index: Int) -> any Broker

    /// Begins to connect, to answer and to deliver. Returns as soon as that has begun, not when the
    /// backend can be reached: until then sessions are told that nothing can be asked.
    func start() async throws

    /// Reads again what is outside of the process and may have changed, such as a password file.
    /// Returns the names of the settings concerned.
    func readAgain() -> [String]

    /// Closes connections and lets go of every loop. Calls without an answer will have none, and no
    /// `disconnected` tells of it.
    func stop() async
}

/// What a backend tells the node as a whole. On: any thread.
public protocol NodeEvents: AnyObject, Sendable {
    /// Whether the node has not been ready yet: then a person waits for it to start.
    var isStarting: Bool { get }
    /// The backend serves for the first time: called once. `description` is for people; empty for the
    /// process's own memory.
    func backendIsReady(_ description: String)
    /// Something of the backend is missing since an instant; nil: nothing is missing.
    func backendIsMissing(since instant: Instant?)
    /// The node's names are its own until an instant, unless the lease is extended before.
    func leaseExpires(at instant: Instant)
    /// The node cannot go on. `description` says why and what to do about it; `exitCode` is one of
    /// sysexits.h.
    func backendHasFailed(_ description: String, exitCode: Int32)
}
