import Testing

@testable import ChatNode
@testable import ChatSupport

@Suite struct UnitsTests {
    @Test(arguments: [
        ("0s", Duration.zero, "0s"), ("0ms", .zero, "0s"), ("1ms", .milliseconds(1), "1ms"),
        ("500ms", .milliseconds(500), "500ms"), ("1000ms", .seconds(1), "1s"),
        ("1500ms", .milliseconds(1500), "1500ms"), ("25s", .seconds(25), "25s"),
        ("90s", .seconds(90), "90s"), ("60s", .seconds(60), "1m"), ("2m", .seconds(120), "2m"),
        ("1h", .seconds(3600), "1h"), ("24h", .seconds(86_400), "24h"), ("5 s", .seconds(5), "5s"),
    ])
    func `a duration is read and shown exactly`(text: String, value: Duration, shown: String) throws
    {
        #expect(try Units.duration(text) == value)
        #expect(Units.text(duration: value) == shown)
    }

    @Test(arguments: ["25", "", "s", "25S", "25sec", "-1s", "+1s", "1.5s", "1s1s", "٣s", "1e3s"])
    func `what is not a number and a unit is no duration`(text: String) {
        #expect(throws: InvalidValue.self) { try Units.duration(text) }
    }

    @Test(arguments: [
        ("0", 0, "0"), ("1", 1, "1"), ("1023", 1023, "1023"), ("1024", 1024, "1KiB"),
        ("1025", 1025, "1025"), ("100B", 100, "100"), ("64KiB", 65_536, "64KiB"),
        ("64 KiB", 65_536, "64KiB"), ("1MiB", 1_048_576, "1MiB"), ("1536KiB", 1_572_864, "1536KiB"),
        ("1GiB", 1_073_741_824, "1GiB"),
    ])
    func `a number of bytes is read and shown exactly`(text: String, value: Int, shown: String)
        throws
    {
        #expect(try Units.bytes(text) == value)
        #expect(Units.text(bytes: value) == shown)
        #expect(try Units.bytes(shown) == value)
    }

    @Test(arguments: ["", "KiB", "64KB", "64k", "64kib", "-1", "1.5MiB", "9223372036854775807KiB"])
    func `what is not a number of bytes is refused`(text: String) {
        #expect(throws: InvalidValue.self) { try Units.bytes(text) }
    }

    @Test(arguments: [("0", 0, "0"), ("20", 20, "20"), ("0.5", 0.5, "0.5"), ("007", 7, "7")])
    func `a number is read and shown`(text: String, value: Double, shown: String) {
        #expect(Units.number(text) == value)
        #expect(Units.text(number: value) == shown)
    }

    @Test(arguments: ["", ".", "1.", ".5", "1e3", "nan", "inf", "-1", "+1", "1.2.3", " 1", "0x1"])
    func `what is not plain digits is no number`(text: String) {
        #expect(Units.number(text) == nil)
    }

    @Test func `a list is split at commas, trimmed, and has no entry twice`() throws {
        #expect(try Units.list("a, b ,a,c") == ["a", "b", "c"])
        #expect(try Units.list("none") == [])
        for text in ["", ",", "a,", ",a", "a, ,b"] {
            #expect(throws: InvalidValue.self) { try Units.list(text) }
        }
    }
}
