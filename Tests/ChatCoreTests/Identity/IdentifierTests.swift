import ChatCore
import TestSupport
import Testing

/// Hands out given numbers, then zeros.
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
        #expect(SessionID(using: &random).description == String(repeating: "0", count: 32))
    }

    @Test func `the text of an incarnation or a session is read back as the same one`() {
        var random = Seed.generator
        for _ in 0..<1_000 {
            let incarnation = Incarnation(using: &random)
            let session = SessionID(using: &random)
            #expect(
                Incarnation(incarnation.description) == incarnation,
                "seed \(Seed.value)"
            )
            #expect(SessionID(session.description) == session, "seed \(Seed.value)")
            #expect(incarnation.description != session.description, "seed \(Seed.value)")
        }
    }

    @Test(arguments: [
        "", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789ABCDEF0123456789ABCDEF", "+123456789abcdef0123456789abcdef",
        "0123456789abcdeg0123456789abcdef", " 123456789abcdef0123456789abcdef",
        "０123456789abcdef0123456789abc", "0123456789abcdef/:`g456789abcdef",
    ])
    func `another text is neither incarnation nor session`(_ text: String) {
        #expect(Incarnation(text) == nil)
        #expect(SessionID(text) == nil)
    }

    @Test func `a lineage is 8 characters of the alphabet, all of which occur`() {
        var random = Seed.generator
        var seen: Set<Character> = []
        for _ in 0..<1_000 {
            let lineage = Lineage(using: &random)
            #expect(lineage.description.utf8.count == 8, "seed \(Seed.value)")
            #expect(Lineage(lineage.description) == lineage, "seed \(Seed.value)")
            seen.formUnion(lineage.description)
        }
        // Of 8,000 draws one character is missing once in 10^96 runs.
        #expect(seen == Set("0123456789abcdefghijklmnopqrstuvwxyz"), "seed \(Seed.value)")
    }

    @Test(arguments: ["", "abcdefg", "abcdefghi", "Abcdefgh", "abc-efgh", "abcdefé", "abcd\0fgh"])
    func `another text is no lineage`(_ text: String) {
        #expect(Lineage(text) == nil)
    }
}
