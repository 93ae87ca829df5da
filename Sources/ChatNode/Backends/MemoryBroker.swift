import ChatCore
import NIOCore

/// One loop's way to the memory: collects a turn's calls and sends them together. On: its loop.
final class MemoryBroker: Broker {
    private let loop: any EventLoop
    private let index: Int
    private let store: NIOLoopBound<MemoryStore>
    private var calls: [BrokerCall] = []
    /// The number of calls whose memory is kept for the next turn. Nearly always it is one call.
    private static let keptCalls = 16

    init(loop: any EventLoop, index: Int, store: NIOLoopBound<MemoryStore>) {
        self.loop = loop
        self.index = index
        self.store = store
    }

    func attach(_ events: any BrokerEvents) {
        let bound = NIOLoopBound<any BrokerEvents>(events, eventLoop: loop)
        store.eventLoop.execute { [store] in store.value.add(bound) }
    }

    func send(_ call: BrokerCall) {
        calls.append(call)
    }

    func read(_ call: HistoryCall) {
        store.eventLoop.execute { [store, loop] in store.value.read(call, for: loop) }
    }

    func typing(_ name: String, in room: RoomName) {
        store.eventLoop.execute { [store] in store.value.typing(name, in: room) }
    }

    func endTurn() {
        guard !calls.isEmpty else { return }
        // What is asked for in answer to this belongs to the next turn.
        var asked: [BrokerCall] = []
        swap(&asked, &calls)
        guard store.eventLoop.inEventLoop else {
            store.eventLoop.execute { [store, loop, asked] in
                store.value.handle(asked, from: loop)
            }
            return
        }
        store.value.handle(asked, from: loop)
        guard calls.isEmpty else { return }
        // The memory serves the next turn.
        asked.removeAll(keepingCapacity: asked.count <= Self.keptCalls)
        swap(&asked, &calls)
    }

    func recheckRegistration() {
        store.eventLoop.execute { [store] in store.value.tellRegistration() }
    }

    func recheck(_ room: RoomName) {
        store.eventLoop.execute { [store] in store.value.tellOpen(room) }
    }

    func enter(_ room: RoomName) {
        store.eventLoop.execute { [store, loop, index] in
            store.value.enter(room, loop: index, loop)
        }
    }

    func leave(_ room: RoomName) {
        store.eventLoop.execute { [store, index] in store.value.leave(room, loop: index) }
    }
}
