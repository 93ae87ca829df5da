/// Writes a message to a client: a JSON object whose first member is its type.
struct MessageWriter {
    private(set) var json: [UInt8]
    /// The number of bytes that nearly every message fits in, so that its memory is allocated once.
    private static let usualByteCount = 160

    /// Begins a message of a type, behind what is in `json`.
    init(_ type: StaticString, after json: consuming [UInt8]) {
        self.json = json
        self.json.reserveCapacity(self.json.count + Self.usualByteCount)
        JSONWriter.append(literal: #"{"type":""#, to: &self.json)
        JSONWriter.append(literal: type, to: &self.json)
        self.json.append(UInt8(ascii: "\""))
    }

    /// Adds a member that is a string.
    mutating func add(_ key: StaticString, _ value: String) {
        begin(key)
        JSONWriter.append(value, to: &json)
    }

    /// Adds a member that is a number, unless it is nil.
    mutating func add(_ key: StaticString, _ value: UInt64?) {
        guard let value else { return }
        begin(key)
        JSONWriter.append(value, to: &json)
    }

    /// Adds a member whose value is JSON already, unless it is nil.
    mutating func add(_ key: StaticString, verbatim value: [UInt8]?) {
        guard let value else { return }
        begin(key)
        json += value
    }

    /// Adds a member that is true or false.
    mutating func add(_ key: StaticString, _ value: Bool) {
        begin(key)
        JSONWriter.append(literal: value ? "true" : "false", to: &json)
    }

    /// Adds how long to wait before another attempt, if waiting helps.
    mutating func add(retryAfter: Duration?) {
        add("retry_ms", (retryAfter?.inMillisecondsRoundedUp).map { UInt64(clamping: $0) })
    }

    /// Ends the message.
    mutating func end() { json.append(UInt8(ascii: "}")) }

    private mutating func begin(_ key: StaticString) {
        JSONWriter.append(literal: ",\"", to: &json)
        JSONWriter.append(literal: key, to: &json)
        JSONWriter.append(literal: "\":", to: &json)
    }
}
