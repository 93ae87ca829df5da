import ChatCore

/// Why a reply is no answer.
enum StoreReplyError: Error, Hashable, CustomStringConvertible {
    /// Redis's own error: `NOSCRIPT …`, `OOM …`, `READONLY …`; with these nothing was written.
    case refused(String)
    /// Nothing a script of ours answers; how it begins.
    case unexpected(excerpt: String)

    var description: String {
        switch self {
        case .refused(let text): text
        case .unexpected(let excerpt): "a script answered what it never should: \(excerpt)"
        }
    }
}

/// A script's reply, read from its verdict on.
struct StoreReply {
    let verdict: String
    private let reply: RespValue
    private let values: [RespValue]
    private var next = 1

    init(_ reply: RespValue) throws(StoreReplyError) {
        self.reply = reply
        if let complaint = reply.complaint { throw .refused(complaint) }
        guard let values = reply.elements, let verdict = values.first?.text else {
            throw .unexpected(excerpt: reply.excerpt)
        }
        self.values = values
        self.verdict = verdict
    }

    /// What is thrown when a part is not what it should be.
    var unexpected: StoreReplyError { .unexpected(excerpt: reply.excerpt) }

    /// How many parts are left.
    var count: Int { values.count - next }

    mutating func part() throws(StoreReplyError) -> RespValue {
        guard next < values.count else { throw unexpected }
        next += 1
        return values[next - 1]
    }

    mutating func text() throws(StoreReplyError) -> String {
        guard let text = try part().text else { throw unexpected }
        return text
    }

    mutating func number<Number: FixedWidthInteger>() throws(StoreReplyError) -> Number {
        guard let number = try part().number.flatMap({ Number(exactly: $0) }) else {
            throw unexpected
        }
        return number
    }

    mutating func flag() throws(StoreReplyError) -> Bool {
        let number: UInt8 = try number()
        guard number < 2 else { throw unexpected }
        return number == 1
    }

    /// A text that `read` understands.
    mutating func parsed<Value>(_ read: (String) -> Value?) throws(StoreReplyError) -> Value {
        guard let value = read(try text()) else { throw unexpected }
        return value
    }

    mutating func array() throws(StoreReplyError) -> [RespValue] {
        guard let values = try part().elements else { throw unexpected }
        return values
    }

    mutating func bytes() throws(StoreReplyError) -> [UInt8] {
        guard let bytes = try part().bytes else { throw unexpected }
        return bytes
    }
}

extension RespValue {
    /// How it begins, for a log.
    var excerpt: String {
        let text: String
        switch self {
        case .bulk(let bytes): text = #""\#(String(decoding: bytes.prefix(40), as: UTF8.self))""#
        case .status(let status): text = status
        case .error(let message): text = "error \(message)"
        case .integer(let value): text = "\(value)"
        case .null: text = "null"
        case .array(let values):
            text = "[\(values.prefix(8).map(\.excerpt).joined(separator: ", "))]"
        }
        return String(text.prefix(200))
    }
}
