import ChatCore
import Testing

@Suite struct MessageIDTests {
    @Test func `the text of an id reads back`() throws {
        let producer = try #require(ProducerID("0abcxyz9"))
        for n in [0, 1, 10, 1 << 53, .max] as [UInt64] {
            let id = MessageID(producer: producer, n: n)
            #expect(MessageID(id.description) == id)
        }
    }

    @Test func `any other text is no message id`() {
        for text in [
            "", ".", "0abcxyz9", "0abcxyz9.", "0abcxyz9.01", "0abcxyz9.-1", "0abcxyz9.1 ",
            "0abcxyz9-1", "0abcxyz.1", "0abcxyz99.1", "0ABCXYZ9.1", "0abcxyz9.0x1", "0abcxyz9.١",
            "0abcxyz9.18446744073709551616", "0abcxyz9.99999999999999999999",
        ] {
            #expect(MessageID(text) == nil, "\(text)")
        }
    }
}
