import TestSupport
import Testing

@testable import ChatCore

/// In which order clients' requests for rooms' histories are answered, and what becomes of them when something
/// else happens first.
@Suite struct LogRequestsTests {
    private typealias Loop = LogRequestsHarness
    private let loop = LogRequestsHarness()

    @Test func `what is in memory is answered at once`() {
        loop.open("a", from: 1, to: 9)
        loop.ask(1, Loop.since(7), of: "a")
        loop.ask(1, .join(.now), of: "a")
        loop.ask(2, Loop.newest, of: "a")
        #expect(loop.takeTold() == ["1 joins a at 7", "1 joins a at 9", "2 reads 5 of a"])
        #expect(loop.requests.count == 0 && loop.requests.clients.isEmpty)
    }

    @Test func `all that need the same page share it, and each begins at its own place`() {
        loop.open("a", from: 8, to: 9)
        for client: Int32 in 1...3 { loop.ask(client, Loop.since(UInt64(client)), of: "a") }
        #expect(loop.takeTold() == ["page of a"])
        loop.page("a", 3...7, hasMore: true)
        #expect(loop.takeTold() == ["2 joins a at -5", "3 joins a at -4", "page of a"])
        loop.page("a", 1...2)
        #expect(loop.takeTold() == ["1 joins a at -6"])
        #expect(loop.requests.count == 0)
    }

    @Test func `a client's requests are answered in order, each when the last answer has left`() {
        loop.open("a", from: 8, to: 9)
        loop.open("b", from: 1, to: 9)
        loop.ask(1, Loop.since(1), of: "a")
        loop.ask(1, Loop.since(1), of: "b")
        loop.ask(1, Loop.newest, of: "b")
        #expect(loop.takeTold() == ["page of a"])
        loop.blocked = [1]
        loop.page("a", 1...7)
        #expect(loop.takeTold() == ["1 joins a at -6"])
        loop.blocked = []
        loop.run {
            $0.socketIsFree(
                SocketID(slot: 1, generation: 0),
                now: loop.now,
                in: loop,
                into: &$1
            )
        }
        #expect(loop.takeTold() == ["1 joins b at 1", "1 reads 5 of b"])
        #expect(loop.requests.clients.isEmpty)
    }

    @Test func `a request of a client that reads nothing begins when it reads`() {
        loop.open("a", from: 1, to: 9)
        loop.blocked = [1]
        loop.ask(1, .join(.now), of: "a")
        loop.now = loop.now + Limits.publishPatience
        loop.tick()
        #expect(loop.takeTold() == [])
        loop.blocked = []
        loop.run {
            $0.socketIsFree(
                SocketID(slot: 1, generation: 0),
                now: loop.now,
                in: loop,
                into: &$1
            )
        }
        #expect(loop.takeTold() == ["1 joins a at 9"])
    }

    @Test func `a client that is ahead waits until the node has heard as much`() {
        loop.open("a", from: 1, to: 5)
        loop.ask(1, Loop.since(7), of: "a")
        loop.ask(1, Loop.newest, of: "a")
        #expect(loop.takeTold() == ["recheck a"])
        loop.hear("a", 6...6)
        loop.run {
            $0.advanced(loop.name("a"), isCaughtUp: false, now: loop.now, in: loop, into: &$1)
        }
        #expect(loop.takeTold() == [])
        loop.tick()
        #expect(loop.takeTold() == ["recheck a"])
        loop.hear("a", 7...8)
        loop.run {
            $0.advanced(loop.name("a"), isCaughtUp: false, now: loop.now, in: loop, into: &$1)
        }
        #expect(loop.takeTold() == ["1 joins a at 7", "1 reads 5 of a"])
        #expect(!loop.requests.hasEarly)
    }

    @Test
    func `a client that is ahead of all that there is begins when the room is caught up with`() {
        loop.open("a", from: 1, to: 5)
        loop.ask(1, Loop.since(7), of: "a")
        loop.run {
            $0.advanced(loop.name("a"), isCaughtUp: true, now: loop.now, in: loop, into: &$1)
        }
        #expect(loop.takeTold() == ["recheck a", "1 joins a at 5"])
    }

    @Test func `an epoch that the node does not know is looked for, and then does not count`() {
        loop.open("a", from: 1, to: 9)
        loop.ask(1, Loop.since(7, epoch: 5), of: "a")
        #expect(loop.takeTold() == ["recheck a"])
        loop.run {
            $0.advanced(loop.name("a"), isCaughtUp: true, now: loop.now, in: loop, into: &$1)
        }
        #expect(loop.takeTold() == ["1 joins a at 7"])
        #expect(loop.rooms[loop.name("a")]?.position?.epoch == 1)
    }

    @Test func `a room is caught up with for the requests that wait in their clients' queues, too`()
    {
        loop.open("a", from: 8, to: 9)
        loop.open("b", from: 1, to: 5)
        loop.ask(1, Loop.newest, of: "a")
        loop.ask(1, Loop.since(7), of: "b")
        #expect(loop.takeTold() == ["page of a", "recheck b"])
        loop.run {
            $0.advanced(loop.name("b"), isCaughtUp: true, now: loop.now, in: loop, into: &$1)
        }
        loop.page("a", 1...7)
        #expect(loop.takeTold() == ["1 reads 5 of a", "1 joins b at 5"])
    }

    @Test func `a queued request that its client takes back does not keep the room`() {
        loop.open("a", from: 8, to: 9)
        loop.ask(1, Loop.newest, of: "a")
        loop.ask(1, Loop.since(9), of: "b")
        loop.run { $0.leave(loop.name("b"), by: SocketID(slot: 1, generation: 0), into: &$1) }
        #expect(loop.idle == [loop.name("b")])
        #expect(!loop.requests.needs(loop.name("b")))
    }

    @Test func `what cannot be answered in time is given up with all that was asked with it`() {
        loop.open("a", from: 8, to: 9)
        for _ in 1...3 { loop.ask(1, Loop.newest, of: "a") }
        loop.now = loop.now + Limits.publishPatience
        loop.ask(1, Loop.newest, of: "a")
        loop.tick()
        let refusal = "1 not a: unavailable"
        #expect(loop.takeTold() == ["page of a", refusal, refusal, refusal, "page of a"])
        loop.page("a", 1...7)
        #expect(loop.takeTold() == ["1 reads 5 of a"])
    }

    @Test func `a page that was turned away is asked for again, as is one of an older connection`()
    {
        loop.open("a", from: 8, to: 9)
        loop.ask(1, Loop.newest, of: "a")
        let isAwaited = loop.requests.pageRead(loop.name("a"))
        #expect(isAwaited)
        loop.tick()
        loop.run { $0.connected(now: loop.now, in: loop, into: &$1) }
        loop.tick()
        #expect(loop.takeTold() == ["page of a", "page of a", "page of a"])
    }

    @Test func `a request for a room that its client leaves is refused, and the next one begins`() {
        loop.open("a", from: 8, to: 9)
        loop.open("b", from: 1, to: 9)
        loop.ask(1, Loop.newest, of: "a")
        loop.ask(1, Loop.newest, of: "b")
        loop.ask(1, Loop.newest, of: "a")
        let id = SocketID(slot: 1, generation: 0)
        loop.run { $0.leave(loop.name("a"), by: id, into: &$1) }
        let refusal = "1 not a: notInRoom"
        #expect(loop.takeTold() == ["page of a", refusal, refusal, "1 reads 5 of b"])
        #expect(!loop.requests.needs(loop.name("a")))
    }

    @Test func `a client that is gone leaves nothing behind`() {
        loop.open("a", from: 8, to: 9)
        loop.ask(1, Loop.newest, of: "a")
        loop.ask(1, Loop.since(9), of: "b")
        #expect(loop.requests.needs(loop.name("b")))
        loop.run { $0.forget(SocketID(slot: 1, generation: 0), into: &$1) }
        #expect(!loop.requests.needs(loop.name("a")) && !loop.requests.needs(loop.name("b")))
        #expect(loop.requests.clients.isEmpty)
        let isAwaited = loop.requests.pageRead(loop.name("a"))
        #expect(!isAwaited)
    }

    @Test func `a slow member goes on from the log, or is told in time what is lost to it`() {
        loop.open("a", from: 8, to: 9)
        loop.ask(1, .goOn(after: Loop.place(5)), of: "a")
        loop.ask(2, .goOn(after: Loop.place(5)), of: "a")
        // A request of the client's own does not wait for that.
        loop.ask(1, Loop.since(8), of: "a")
        #expect(loop.takeTold() == ["page of a", "1 joins a at 1"])
        loop.now = loop.now + Limits.publishPatience
        loop.tick()
        #expect(loop.takeTold() == ["1 goes on in a at 0 1", "2 goes on in a at 0 1"])
    }

    @Test func `requests for one page are answered a number at a time`() {
        loop.open("a", from: 8, to: 9)
        for client in 1...Int32(Limits.requestsPerTurn + 5) {
            loop.ask(client, Loop.since(1), of: "a")
        }
        loop.page("a", 1...7)
        #expect(loop.takeTold().count == 1 + Limits.requestsPerTurn + 1)
        // The page is there: what was not reached in time is not refused.
        loop.now = loop.now + Limits.publishPatience
        loop.tick()
        let told = loop.takeTold()
        #expect(told.count == 5 && told.allSatisfy { $0.contains(" joins a") })
        #expect(loop.requests.count == 0 && loop.requests.clients.isEmpty)
    }

    @Test func `a client has no more requests waiting than it may`() {
        loop.open("a", from: 8, to: 9)
        for _ in 0...Limits.waitingMessages + 1 { loop.ask(1, Loop.newest, of: "a") }
        #expect(loop.takeTold() == ["page of a", "1 not a: tooMany"])
    }
}
