import ChatCore
import Testing

/// What the memory broker answers, and the Redis scripts will.
@Suite struct StoreTests {
    private final class Bench {
        var store: Store
        var random = SplitMix(seed: 3)
        let node: Incarnation
        let other: Incarnation

        init(_ retention: Store.Retention = .init()) {
            store = Store(epoch: 1_700_000_000, retention: retention)
            node = Incarnation(using: &random)
            other = Incarnation(using: &random)
            store.register(node)
            store.register(other)
        }

        func claim(_ name: String, by incarnation: Incarnation? = nil) throws -> Claim {
            Claim(
                username: try Username(name),
                incarnation: incarnation ?? node,
                session: SessionID(using: &random),
                lineage: Lineage(using: &random)
            )
        }

        func hold(_ name: String) throws -> Holding {
            guard case .granted(let holding) = store.claim(try claim(name)) else {
                throw Refused()
            }
            return holding
        }

        func say(_ proof: Proof, _ numbers: ClosedRange<UInt64>, ms: Int64 = 5) -> [PublishVerdict]
        {
            let drafts = numbers.map {
                SealedDraft(
                    proof: proof,
                    n: $0,
                    draft: Draft(
                        sender: SocketID(slot: 0, generation: 0),
                        room: .lobby,
                        body: Array("{\($0)}".utf8)
                    )
                )
            }
            let call = PublishCall(room: .lobby, drafts: drafts)
            guard case .verdicts(let verdicts) = store.publish(call, ms: ms).answer else {
                return []
            }
            return verdicts
        }
    }

    private struct Refused: Error {}

    // MARK: Names

    @Test func `a free name is granted, a held one is taken on every node`() throws {
        let bench = Bench()
        let holding = try bench.hold("Ada")
        #expect(holding.username.display == "Ada")
        #expect(holding.n == 0)
        #expect(bench.store.claim(try bench.claim("ADA")) == .taken)
        #expect(bench.store.claim(try bench.claim("ada", by: bench.other)) == .taken)
    }

    @Test func `a claim that is repeated gets the same answer`() throws {
        let bench = Bench()
        let claim = try bench.claim("Ada")
        let first = bench.store.claim(claim)
        #expect(bench.store.claim(claim) == first)
    }

    @Test func `a process nobody knows is granted nothing`() throws {
        let bench = Bench()
        let stranger = Incarnation(using: &bench.random)
        guard case .unavailable = bench.store.claim(try bench.claim("Ada", by: stranger)) else {
            Issue.record("granted")
            return
        }
        #expect(bench.store.heldNames == 0)
    }

    @Test func `fences grow with every holder, from where no earlier epoch's can have got to`()
        throws
    {
        let bench = Bench()
        var last = bench.store.epoch << 20
        for _ in 0..<5 {
            let holding = try bench.hold("Ada")
            #expect(holding.proof.fence > last)
            last = holding.proof.fence
            bench.store.release(holding.proof)
        }
    }

    @Test func `a release by anybody but the holder changes nothing`() throws {
        let bench = Bench()
        let old = try bench.hold("Ada")
        bench.store.release(old.proof)
        let new = try bench.hold("Ada")
        bench.store.release(old.proof)
        #expect(bench.store.claim(try bench.claim("Ada")) == .taken)
        #expect(new.lineage != old.lineage)
        let forged = Proof(
            key: "ada",
            incarnation: bench.other,
            session: new.proof.session,
            fence: new.proof.fence
        )
        bench.store.release(forged)
        #expect(bench.store.heldNames == 1)
    }

    // MARK: Rooms

    @Test func `messages get numbers without a hole, and their ids`() throws {
        let bench = Bench()
        let ada = try bench.hold("Ada")
        let grace = try bench.hold("Grace")
        #expect(
            bench.say(ada.proof, 1...2) == [.accepted(seq: 1, ms: 5), .accepted(seq: 2, ms: 5)]
        )
        #expect(bench.say(grace.proof, 1...1) == [.accepted(seq: 3, ms: 5)])
        let log = bench.store.history(of: .lobby, from: 1, limit: 10)
        #expect(log.map(\.seq) == [1, 2, 3])
        #expect(
            log.map(\.mid.description) == [
                "\(ada.lineage).1", "\(ada.lineage).2", "\(grace.lineage).1",
            ]
        )
        #expect(
            bench.store.top(of: .lobby)
                == Position(epoch: bench.store.epoch, seq: 3, mid: log[2].mid)
        )
    }

    @Test func `a number is accepted once, and only in its turn`() throws {
        let bench = Bench()
        let ada = try bench.hold("Ada")
        #expect(bench.say(ada.proof, 2...2) == [.gap(expected: 1)])
        _ = bench.say(ada.proof, 1...2)
        #expect(bench.say(ada.proof, 1...1) == [.duplicate(seq: nil)])
        #expect(
            bench.say(ada.proof, 2...4) == [
                .duplicate(seq: 2), .accepted(seq: 3, ms: 5), .accepted(seq: 4, ms: 5),
            ]
        )
        #expect(bench.store.top(of: .lobby).seq == 4)
    }

    @Test func `a name that has moved on cannot be spoken under`() throws {
        let bench = Bench()
        let old = try bench.hold("Ada")
        _ = bench.say(old.proof, 1...1)
        bench.store.release(old.proof)
        #expect(bench.say(old.proof, 2...2) == [.fenced])
        _ = try bench.hold("Ada")
        #expect(bench.say(old.proof, 2...2) == [.fenced])
        #expect(bench.store.top(of: .lobby).seq == 1)
    }

    @Test func `a fence that is not the record's is refused, though the session is`() throws {
        let bench = Bench()
        let ada = try bench.hold("Ada").proof
        let stale = Proof(
            key: ada.key,
            incarnation: ada.incarnation,
            session: ada.session,
            fence: ada.fence - 1
        )
        #expect(bench.say(stale, 1...1) == [.fenced])
    }

    @Test func `what is refused in the middle leaves no hole`() throws {
        let bench = Bench()
        let ada = try bench.hold("Ada")
        let drafts = [1, 1, 3, 2].map {
            SealedDraft(
                proof: ada.proof,
                n: $0,
                draft: Draft(sender: SocketID(slot: 0, generation: 0), room: .lobby, body: [])
            )
        }
        let (answer, publication) = bench.store.publish(
            PublishCall(room: .lobby, drafts: drafts),
            ms: 1
        )
        #expect(
            answer
                == .verdicts([
                    .accepted(seq: 1, ms: 1), .duplicate(seq: 1), .gap(expected: 2),
                    .accepted(seq: 2, ms: 1),
                ])
        )
        #expect(publication?.firstSeq == 1)
        #expect(publication?.items.map(\.mid.n) == [1, 2])
    }

    @Test func `a batch of which nothing is accepted delivers nothing`() throws {
        let bench = Bench()
        let ada = try bench.hold("Ada").proof
        bench.store.release(ada)
        let sealed = SealedDraft(
            proof: ada,
            n: 1,
            draft: Draft(sender: SocketID(slot: 0, generation: 0), room: .lobby, body: [])
        )
        let call = PublishCall(room: .lobby, drafts: [sealed])
        #expect(bench.store.publish(call, ms: 1).publication == nil)
    }

    // MARK: History

    @Test func `of a room the newest messages are kept`() throws {
        let bench = Bench(.init(messages: 10, bytes: .max, age: .seconds(1000)))
        let ada = try bench.hold("Ada")
        for n in 1...100 as ClosedRange<UInt64> { _ = bench.say(ada.proof, n...n) }
        #expect(bench.store.history(of: .lobby, from: 0, limit: 100).map(\.seq) == Array(91...100))
        #expect(bench.store.history(of: .lobby, from: 95, limit: 3).map(\.seq) == [95, 96, 97])
        #expect(bench.store.history(of: .lobby, from: 101, limit: 3) == [])
    }

    @Test func `of a room so many bytes are kept, and nothing that is too old`() throws {
        let bench = Bench(.init(messages: 1000, bytes: 50, age: .seconds(10)))
        let ada = try bench.hold("Ada")
        for n in 10...99 as ClosedRange<UInt64> { _ = bench.say(ada.proof, (n - 9)...(n - 9)) }
        let bytes = bench.store.history(of: .lobby, from: 0, limit: 1000).reduce(0) {
            $0 + $1.body.count
        }
        #expect((47...50).contains(bytes))
        #expect(bench.say(ada.proof, 91...91, ms: 10_006) == [.accepted(seq: 91, ms: 10_006)])
        #expect(bench.store.history(of: .lobby, from: 0, limit: 1000).map(\.seq) == [91])
    }

    @Test func `nothing is kept where nothing is to be kept, and numbers go on`() throws {
        let bench = Bench(.init(messages: 0))
        let ada = try bench.hold("Ada")
        #expect(bench.say(ada.proof, 1...2).count == 2)
        #expect(bench.store.history(of: .lobby, from: 0, limit: 10) == [])
        #expect(bench.say(ada.proof, 3...3) == [.accepted(seq: 3, ms: 5)])
    }
}
