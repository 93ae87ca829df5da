import Glibc

/// A text that a client has heard. Kept as it came: the thread that listens has no time to read it.
public struct Heard: Sendable {
    /// As it came.
    public let bytes: [UInt8]

    /// As it came.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    /// A message of the room, and no answer.
    public var isChat: Bool { bytes.starts(with: #"{"type":"chat","#.utf8) }
    /// Its number; nil for one published by hand.
    public var seq: Int? { field(#","seq":"#).flatMap { Int($0) } }
    /// Its name.
    public var mid: String? { field(#","mid":"#) }
    /// A value that is a word in quotes, without them.
    public var word: String? { field(#","value":""#)?.dropLast().description }

    /// Whether it contains something.
    public func contains(_ part: String) -> Bool { place(of: Array(part.utf8)) != nil }

    /// What stands behind a key, up to the next comma or brace.
    private func field(_ key: String) -> String? {
        let key = Array(key.utf8)
        guard let place = place(of: key) else { return nil }
        let rest = bytes[(place + key.count)...]
        let end = UInt8(ascii: ",")
        let brace = UInt8(ascii: "}")
        return String(decoding: rest.prefix { $0 != end && $0 != brace }, as: UTF8.self)
    }

    private func place(of part: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { all in
            part.withUnsafeBytes { wanted in
                guard let start = all.baseAddress, let begin = wanted.baseAddress,
                    all.count >= wanted.count
                else { return nil }
                return (0...all.count - wanted.count).first {
                    all[$0] == wanted[0] && memcmp(start + $0, begin, wanted.count) == 0
                }
            }
        }
    }
}
