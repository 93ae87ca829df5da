import ChatCore
import NIOCore

/// The memory of this process as a node's backend: names and rooms in a `Store` on one loop, the home
/// loop.
///
/// It has the shape of Redis: every loop asks through a broker of its own, once per turn, and hears
/// the answers and all messages in one order.
final class MemoryBackend: Backend {
    private let loops: [any EventLoop]
    private let store: NIOLoopBound<MemoryStore>
    private let node: any NodeEvents

    /// Makes a backend for these loops; the first is the home loop. `roomLinger` is how long a room is
    /// heard after the last interest in it, and `maxRooms` the number of rooms that are heard at most.
    init(
        loops: [any EventLoop],
        retention: Store.Retention,
        roomLinger: Duration = Limits.roomLinger,
        maxRooms: Int = Limits.roomsPerNode,
        node: any NodeEvents
    ) async throws {
        guard let home = loops.first else { preconditionFailure("a node has a loop") }
        self.loops = loops
        self.node = node
        store = try await home.submit {
            let store = MemoryStore(
                home: home,
                retention: retention,
                roomLinger: roomLinger,
                maxRooms: maxRooms
            )
            return NIOLoopBound(store, eventLoop: home)
        }.get()
    }

    func makeBroker(ofLoop index: Int) -> any Broker {
        MemoryBroker(loop: loops[index], index: index, store: store)
    }

    func start() async throws {
        try await store.eventLoop.submit { self.store.value.start() }.get()
        node.backendIsMissing(since: nil)
        node.backendIsReady("")
    }

    func readAgain() -> [String] { [] }

    func stop() async {
        try? await store.eventLoop.submit { self.store.value.stop() }.get()
    }
}
