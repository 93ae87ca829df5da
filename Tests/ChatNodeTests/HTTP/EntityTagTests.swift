import Testing

@testable import ChatNode

/// How a file's version is named and recognized (RFC 9110, sections 8.8.3 and 13.1.2).
@Suite struct EntityTagTests {
    private let tag = EntityTag(of: Array("abc".utf8))

    @Test func `a tag is the beginning of the content's SHA-1 in quotes`() {
        // FIPS 180-4 has the digest of this text: a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d.
        #expect(tag.description == #""a9993e364706816a""#)
        #expect(EntityTag(of: Array("abd".utf8)) != tag)
    }

    @Test(arguments: [
        [#""a9993e364706816a""#], [#"W/"a9993e364706816a""#], [#" "a9993e364706816a"\#t"#],
        [#""x", "a9993e364706816a""#], [#""a9993e364706816a","x""#],
        [#"W/"x",W/"a9993e364706816a""#],
        [#", ,"a9993e364706816a","#], [#""a,b", "a9993e364706816a""#], [#""", "a9993e364706816a""#],
        [#""é", "a9993e364706816a""#], [#""x""#, #""a9993e364706816a""#], ["*"], [" * "],
    ])
    func `a list with the tag, or any tag, means that the client has the version`(fields: [String])
    {
        #expect(tag.isListed(in: fields))
    }

    @Test(arguments: [
        [], [""], [","], [#""""#], [#""x""#], [#"W/"x""#], ["a9993e364706816a"],
        [#""a9993e364706816a"#], [#"a9993e364706816a""#], [#""A9993E364706816A""#],
        [#""a9993e364706816a0""#], [#""a9993e36""#], [#"w/"a9993e364706816a""#], ["**"],
        [#"x, "a9993e364706816a""#], ["\"*\""],
    ])
    func `a list without the tag means that the client does not have it`(fields: [String]) {
        #expect(!tag.isListed(in: fields))
    }
}
