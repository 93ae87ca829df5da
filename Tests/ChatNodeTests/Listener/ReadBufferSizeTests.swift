import ChatCore
import NIOCore
import Testing

@testable import ChatNode

@Suite struct ReadBufferSizeTests {
    private func size(after reads: [Int]) -> Int? {
        var size = ReadBufferSize()
        for count in reads { _ = size.record(actualReadBytes: count) }
        return size.nextBufferSize()
    }

    private let least = Limits.readBufferMinimumBytes

    @Test func `it begins with the least, and the buffer is as large as it says`() {
        #expect(size(after: []) == least)
        let buffer = ReadBufferSize().buffer(allocator: ByteBufferAllocator())
        #expect(buffer.capacity == least)
    }

    @Test func `it doubles with each full read, up to the most`() {
        #expect(size(after: [least]) == 2 * least)
        #expect(size(after: [least, 2 * least]) == 4 * least)
        #expect(size(after: [least, 2 * least - 1]) == 2 * least)
        let full = sequence(first: least) { min($0 * 2, Limits.readBufferMaximumBytes) }
        #expect(size(after: Array(full.prefix(20))) == Limits.readBufferMaximumBytes)
    }

    @Test func `it halves after two small reads in a row, down to the least`() {
        #expect(size(after: [least, 1]) == 2 * least)
        #expect(size(after: [least, 1, 1]) == least)
        #expect(size(after: [least, 1, least + 1, 1]) == 2 * least)
        #expect(size(after: [1, 1, 1, 1]) == least)
        #expect(size(after: [least, 2 * least, 1, 1, 1, 1]) == least)
    }

    @Test func `it says so when it has grown, which is what makes NIO read again`() {
        var size = ReadBufferSize()
        let hasGrown = size.record(actualReadBytes: least)
        #expect(hasGrown)
        let hasGrownAgain = size.record(actualReadBytes: least)
        #expect(!hasGrownAgain)
    }
}
