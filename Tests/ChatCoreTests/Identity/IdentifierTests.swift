import ChatCore
import TestSupport
import Testing

/// A generator that returns given numbers, then zeros.
private struct Fixed: RandomNumberGenerator {
    var numbers: [UInt64]

    mutating func next() -> UInt64 {
        numbers.isEmpty ? 0 : numbers.removeFirst()
    }
}

@Suite struct IdentifierTests {
    @Test func `128 bits are 32 lower-case digits, with the zeros in front`() {
        var random = Fixed(numbers: [0x0000_0000_00AB_CDEF, 0x0123_4567_89AB_CDEF])
        #expect(Incarnation(using: &random).description == "0000000000abcdef0123456789abcdef")
        #expect(LoginID(using: &random).description == String(repeating: "0", count: 32))
    }

    @Test func `the text of an incarnation is read back as the same one`() {
        var random = Seed.generator
        for _ in 0..<1_000 {
            let incarnation = Incarnation(using: &random)
            let other = Incarnation(using: &random)
            #expect(
                Incarnation(incarnation.description) == incarnation,
                "seed \(Seed.value)"
            )
            #expect(incarnation.description != other.description, "seed \(Seed.value)")
        }
    }

    @Test(arguments: [
        "", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789ABCDEF0123456789ABCDEF", "+123456789abcdef0123456789abcdef",
        "0123456789abcdeg0123456789abcdef", " 123456789abcdef0123456789abcdef",
        "０123456789abcdef0123456789abc", "0123456789abcdef/:`g456789abcdef",
    ])
    func `another text is no incarnation`(_ text: String) {
        #expect(Incarnation(text) == nil)
    }

    @Test func `a producer id is 8 characters of the alphabet, all of which occur`() {
        var random = Seed.generator
        var seen: Set<Character> = []
        for _ in 0..<1_000 {
            let producer = ProducerID(using: &random)
            #expect(producer.description.utf8.count == 8, "seed \(Seed.value)")
            #expect(ProducerID(producer.description) == producer, "seed \(Seed.value)")
            seen.formUnion(producer.description)
        }
        // One character is missing from 8,000 draws once in 10^96 executions.
        #expect(seen == Set("0123456789abcdefghijklmnopqrstuvwxyz"), "seed \(Seed.value)")
    }

    @Test(arguments: ["", "abcdefg", "abcdefghi", "Abcdefgh", "abc-efgh", "abcdefé", "abcd\0fgh"])
    func `another text is no producer id`(_ text: String) {
        #expect(ProducerID(text) == nil)
    }
}
