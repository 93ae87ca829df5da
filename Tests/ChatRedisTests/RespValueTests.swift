import Testing

@testable import ChatRedis

@Suite struct RespValueTests {
    private let bulk = RespValue.bulk(Array("12".utf8))

    @Test func `a value is what it is, and nothing else`() {
        #expect(bulk.text == "12")
        #expect(bulk.bytes == [0x31, 0x32])
        #expect(bulk.number == 12)
        #expect(bulk.elements == nil)
        #expect(bulk.complaint == nil)
        #expect(RespValue.status("OK").text == "OK")
        #expect(RespValue.status("1").number == nil)
        #expect(RespValue.integer(-1).number == -1)
        #expect(RespValue.integer(-1).text == nil)
        #expect(RespValue.array([bulk]).elements == [bulk])
        #expect(RespValue.error("ERR x").complaint == "ERR x")
        #expect(RespValue.error("ERR x").text == nil)
        #expect(RespValue.null.text == nil)
        #expect(RespValue.null.elements == nil)
        #expect(RespValue.bulk([0xFF]).text == nil)
        #expect(RespValue.bulk([0xFF]).number == nil)
    }
}
