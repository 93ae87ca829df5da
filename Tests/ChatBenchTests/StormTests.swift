import ChatClient
import ChatCore
import NIOCore
import Testing

@testable import ChatBench
@testable import ChatSupport

/// Which clients a storm takes away and when, and what they come back with.
@Suite struct StormTests {
    private func plan(_ kind: StormPlan.Kind, clients: Int = 1000, senders: Int = 1) -> StormPlan {
        StormPlan(kind: kind, clients: clients, senders: senders, offline: .seconds(2))
    }

    @Test func `cuts are spread over the whole time between two of a client's`() {
        let plan = plan(.jitter(every: .seconds(10)))
        let cuts = (0..<1000).map { plan.firstCut(of: $0) }
        for second in 0..<10 {
            let those = cuts.count { $0 >= .seconds(second) && $0 < .seconds(second + 1) }
            #expect((95...105).contains(those))
        }
        #expect(plan.offer(of: 5) == .seconds(2))
        #expect(!plan.takes(0, of: 2, among: 3) && plan.takes(1, of: 0, among: 3))
    }

    @Test func `the clients of the last addresses offer to come back evenly, to the others`() {
        let plan = plan(.avalanche(addresses: 1, over: .seconds(5)))
        #expect(plan.takes(0, of: 2, among: 3) && !plan.takes(7, of: 1, among: 3))
        #expect(plan.offer(of: 0) == .seconds(2))
        #expect(plan.offer(of: 500) == .seconds(4.5))
        let addresses = (0..<8).map { plan.address(of: $0 * 3 + 2, own: 2, among: 3, tries: 0) }
        #expect(addresses == [0, 1, 0, 1, 0, 1, 0, 1])
        // A client tries the next one if it was refused.
        #expect(plan.address(of: 2, own: 2, among: 3, tries: 1) == 1)
        #expect(plan.address(of: 1, own: 1, among: 3, tries: 1) == 1)
    }

    @Test func `if all addresses lose their clients, each comes back to its own`() {
        let plan = plan(.avalanche(addresses: 2, over: .zero))
        #expect(plan.address(of: 7, own: 1, among: 2, tries: 3) == 1)
        #expect(plan.offer(of: 999) == .seconds(2))
    }

    private func heard(_ text: String) throws -> HeardMessage {
        let message = HeardMessage(Array(text.utf8).span.bytes)
        return try #require(message)
    }

    @Test func `a client comes back with its latest secret and position`() throws {
        var resumePoint = ResumePoint()
        #expect(resumePoint.since == nil)
        resumePoint.take(login: try heard(#"{"type":"logged_in","session":"s1","acked":0}"#))
        resumePoint.take(position: try heard(#"{"type":"joined","epoch":"7","seq":3,"mid":"a.1"}"#))
        resumePoint.move(to: 4, "b.2")
        #expect(resumePoint.since == #"{"epoch":"7","seq":4,"mid":"b.2"}"#)
        resumePoint.take(position: try heard(#"{"type":"chat","value":1,"seq":5,"mid":"b.3"}"#))
        #expect(resumePoint.since == #"{"epoch":"7","seq":5,"mid":"b.3"}"#)
        resumePoint.take(login: try heard(#"{"type":"logged_in","acked":6}"#))
        #expect(resumePoint.session == "s1")
        #expect(resumePoint.acked == 6)
    }

    @Test func `requests of a client that comes back are what a node reads`() throws {
        let codec = StampCodec(run: "k3f9x0", valueBytes: 34, dialect: .v1, rooms: BenchRooms(2))
        let login = String(decoding: codec.login(from: 1, session: "s1"), as: UTF8.self)
        #expect(login == #"{"type":"login","username":"bench-k3f9x0-0000001","session":"s1"}"#)
        let join = codec.join(from: 1, since: #"{"seq":1}"#) ?? []
        #expect(
            String(decoding: join, as: UTF8.self)
                == #"{"type":"join","room":"bench-k3f9x0-r0000001","since":{"seq":1}}"#
        )
    }

    @Test func `the id of a message is read from its end`() {
        func mid(_ text: String) -> String? { StampCodec.mid(of: Array(text.utf8).span.bytes) }
        #expect(mid(#"{"type":"chat","seq":1,"mid":"a.12"}"#) == "a.12")
        #expect(mid(#"{"type":"chat","value":"mid"}"#) == nil)
        #expect(mid("}") == nil)
    }
}
