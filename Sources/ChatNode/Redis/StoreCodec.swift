import ChatCore

/// The store's calls as commands to Redis, and Redis's replies as the store's answers.
///
/// A command is its words; the answer's reader stands beside it. Fails: a reader throws
/// `StoreReplyError` for what its script does not answer.
struct StoreCodec: Sendable {
    let keys: RedisKeys
    let retention: Store.Retention

    /// How long a silent room and a free name are remembered. Not less than messages are kept: a
    /// room whose top was forgotten before them would give their numbers again.
    var memory: Int64 {
        max(retention.milliseconds, Limits.historyAge.inNanoseconds / 1_000_000)
    }

    /// Hands a script to Redis, before it is called for the first time. The reply is its digest.
    static func load(_ script: Script) -> [[UInt8]] {
        [Array("SCRIPT".utf8), Array("LOAD".utf8), script.source]
    }
}

/// The words of one call of a script.
struct ScriptCall {
    private(set) var words: [[UInt8]]

    init(_ script: Script, keys: [String]) {
        words = [Array("EVALSHA".utf8), script.digest]
        words.reserveCapacity(keys.count + 24)
        add(keys.count)
        for key in keys { add(key) }
    }

    /// A call under a reign: its first two arguments name it.
    init(_ script: Script, under reign: Reign, keys: [String]) {
        self.init(script, keys: keys)
        add(reign.epoch)
        add(reign.dataSet)
    }

    mutating func add(_ bytes: [UInt8]) { words.append(bytes) }
    mutating func add(_ text: String) { words.append(Array(text.utf8)) }
    mutating func add(_ number: some BinaryInteger) { add(String(number)) }
    mutating func add(_ thing: some CustomStringConvertible) { add(thing.description) }
}
