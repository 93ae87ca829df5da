import ChatCore
import NIOCore

/// A command to Redis as it travels: an array of bulk strings, the name first (redis.io, "Redis
/// serialization protocol specification").
///
/// Cost: one allocation for any number of words, if enough is reserved; `append` copies.
struct RedisCommand {
    /// How many words there are.
    private(set) var count = 0
    /// The words, each after its length. `append` puts their number before them.
    private var words: [UInt8] = []

    init(_ words: String...) {
        for word in words { add(word) }
    }

    init(_ words: [[UInt8]]) {
        for word in words { add(word) }
    }

    /// Reserves memory for `bytes` more bytes.
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

    /// Adds a word of `length` bytes, which `write` appends.
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

    /// Appends the whole command to a buffer.
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

    /// The bytes around a word, at most: a sign, the digits of a number, and two ends of lines.
    private static let aroundWord = 25
}

extension RedisCommand {
    /// Begins a call of a script with `keys` keys. The caller adds the keys, then the arguments.
    init(_ script: Script, keys: Int, reserving bytes: Int = 1024) {
        self = script.opening
        reserve(bytes)
        add(UInt64(keys))
    }

    /// Adds an epoch: the first two arguments of a call that names one.
    mutating func add(_ epoch: Epoch) {
        add(epoch.number)
        add(epoch.dataSet)
    }

    mutating func add(_ incarnation: Incarnation) { add("", incarnation) }

    /// Adds one word of two parts.
    mutating func add(_ stem: String, _ incarnation: Incarnation) {
        add(length: stem.utf8.count + Incarnation.byteCount) {
            $0.append(stem)
            incarnation.append(to: &$0)
        }
    }

    mutating func add(_ session: LoginID) {
        add(length: LoginID.byteCount) { session.append(to: &$0) }
    }

    mutating func add(_ producer: ProducerID) {
        add(length: ProducerID.byteCount) { producer.append(to: &$0) }
    }

    /// Adds a mid; an empty word if there is none.
    mutating func add(_ mid: MessageID?) {
        add(length: mid?.byteCount ?? 0) { mid?.append(to: &$0) }
    }
}
