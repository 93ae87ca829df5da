import ChatCore
import NIOCore

/// A command to Redis as it travels: an array of bulk strings, the name first (redis.io, "Redis
/// serialization protocol specification").
///
/// Cost: one allocation, where enough is reserved, whatever the number of words; and `append` copies.
struct RedisCommand {
    /// How many words there are.
    private(set) var count = 0
    /// The words, each behind its length. How many they are goes before them when all are there.
    private var words: [UInt8] = []

    init(_ words: String...) {
        for word in words { add(word) }
    }

    init(_ words: [[UInt8]]) {
        for word in words { add(word) }
    }

    /// Makes room for so many bytes more.
    mutating func reserve(_ bytes: Int) {
        words.reserveCapacity(words.count + bytes)
    }

    mutating func add(_ word: [UInt8]) {
        add(length: word.count) { $0.append(word.span.bytes) }
    }

    mutating func add(_ text: String) {
        add(length: text.utf8.count) { $0.append(text) }
    }

    /// Adds one word of two parts.
    mutating func add(_ stem: String, _ rest: String) {
        add(length: stem.utf8.count + rest.utf8.count) {
            $0.append(stem)
            $0.append(rest)
        }
    }

    mutating func add(_ number: UInt64) {
        add(length: JSONWriter.length(of: number)) { $0.append(decimal: number) }
    }

    /// Adds a word of so many bytes, which `write` puts there.
    @inline(__always)
    mutating func add(length: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        count += 1
        words.append(addingCapacity: length + Self.aroundWord) { out in
            out.append(UInt8(ascii: "$"))
            out.append(decimal: UInt64(length))
            out.append(literal: "\r\n")
            let end = out.count + length
            write(&out)
            precondition(out.count == end, "a word is not as long as it was said to be")
            out.append(literal: "\r\n")
        }
    }

    /// Appends the command.
    func append(to buffer: inout ByteBuffer) {
        precondition(count > 0, "a command has a name")
        let room = Self.aroundWord + words.count
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { bytes in
            let room = bytes.bindMemory(to: UInt8.self)
            var out = OutputSpan(buffer: room, initializedCount: 0)
            out.append(UInt8(ascii: "*"))
            out.append(decimal: UInt64(count))
            out.append(literal: "\r\n")
            out.append(words.span.bytes)
            return out.finalize(for: room)
        }
    }

    /// What stands around a word at most: a sign, the digits of a number, and two ends of lines.
    private static let aroundWord = 25
}

extension RedisCommand {
    /// A call of a script with so many keys: these are to follow, then its arguments.
    init(_ script: Script, keys: Int, reserving bytes: Int = 1024) {
        self = script.opening
        reserve(bytes)
        add(UInt64(keys))
    }

    /// The first two arguments of what is asked under a reign.
    mutating func add(_ reign: Reign) {
        add(reign.epoch)
        add(reign.dataSet)
    }

    mutating func add(_ incarnation: Incarnation) { add("", incarnation) }

    /// Adds one word of two parts.
    mutating func add(_ stem: String, _ incarnation: Incarnation) {
        add(length: stem.utf8.count + Incarnation.byteCount) {
            $0.append(stem)
            incarnation.append(to: &$0)
        }
    }

    mutating func add(_ session: SessionID) {
        add(length: SessionID.byteCount) { session.append(to: &$0) }
    }

    mutating func add(_ lineage: Lineage) {
        add(length: Lineage.byteCount) { lineage.append(to: &$0) }
    }

    /// An empty word where there is none.
    mutating func add(_ mid: MessageID?) {
        add(length: mid?.byteCount ?? 0) { mid?.append(to: &$0) }
    }
}
