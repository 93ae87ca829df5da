import Testing

@testable import ChatCore

/// Removals that were lost with data.
@Suite struct LostRemovalTests {
    @Test
    func `a removal that was lost with data is made again, one in a tick, until it is answered`()
        throws
    {
        let harness = BrokerClientTests.BrokerClientHarness()
        let producer = try #require(ProducerID("abcdefgh"))
        let places = (1...2).map {
            MessagePlace(seq: $0, mid: MessageID(producer: producer, n: $0))
        }
        func removals() -> [MessagePlace?] {
            harness.takeCalls().map { call in
                guard case .publish(let call) = call else { return nil }
                return call.removal?.target
            }
        }
        harness.ask { client, _ in
            client.repeatRemovals(of: places, in: .lobby, using: &harness.random)
        }
        #expect(removals() == [])
        harness.tick()
        harness.tick()
        #expect(removals() == places)
        harness.tick()
        #expect(removals() == [])
        harness.answer(.publish(.verdicts([.duplicate(seq: nil)], ms: 1)))
        harness.linkLost()
        harness.linkUp()
        harness.tick()
        #expect(removals() == [places[1]])
        harness.answer(.publish(.otherHistory))
        harness.tick()
        #expect(removals() == [places[1]])
        // One that is refused, however often, holds up no other.
        harness.ask { client, _ in
            client.repeatRemovals(of: [places[0]], in: .lobby, using: &harness.random)
        }
        for _ in 0...Limits.lostRemovalTries {
            harness.answer(.refused(reason: "full"))
            harness.tick()
            #expect(removals() == [places[0]])
            harness.answer(.refused(reason: "full"))
            harness.tick()
            #expect(removals() == [places[1]])
        }
        harness.answer(.publish(.verdicts([.notRemoved(.notFound)], ms: 1)))
        harness.tick()
        #expect(removals() == [places[0]])
        harness.answer(.publish(.verdicts([.accepted(seq: 9)], ms: 1)))
        harness.tick()
        #expect(removals() == [])
        #expect(harness.doubts == 0)
    }
}
