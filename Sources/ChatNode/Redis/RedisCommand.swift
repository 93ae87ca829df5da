/// A command to Redis: its words, the name first, one behind the other in one piece of memory.
///
/// Cost: two allocations and their growth, whatever the number of words.
struct RedisCommand: Hashable {
    /// All words.
    private(set) var bytes: [UInt8] = []
    /// Where each ends in `bytes`.
    private(set) var ends: [Int] = []

    init(_ words: String...) {
        for word in words { add(word) }
    }

    init(_ words: [[UInt8]]) {
        for word in words { add(word) }
    }

    /// Makes room for so many more words of so many bytes together.
    mutating func reserve(words: Int, bytes count: Int) {
        ends.reserveCapacity(ends.count + words)
        bytes.reserveCapacity(bytes.count + count)
    }

    mutating func add(_ word: [UInt8]) {
        bytes += word
        ends.append(bytes.count)
    }

    mutating func add(_ text: String) {
        bytes += text.utf8
        ends.append(bytes.count)
    }

    mutating func add(_ number: some BinaryInteger) { add(String(number)) }
    mutating func add(_ thing: some CustomStringConvertible) { add(thing.description) }

    /// Adds the word that `write` puts behind what is there.
    mutating func add(_ write: (inout [UInt8]) -> Void) {
        write(&bytes)
        ends.append(bytes.count)
    }
}
