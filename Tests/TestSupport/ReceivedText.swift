import Glibc

/// A text that a client has received, kept unparsed: the receiving thread has no time to parse it.
public struct ReceivedText: Sendable {
    /// The bytes as they came.
    public let bytes: [UInt8]

    /// The text as it came.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    /// Whether it is a message of the room, and not an answer.
    public var isChat: Bool { bytes.starts(with: #"{"type":"chat","#.utf8) }
    /// Whether it says that its client is logged in.
    public var isLoggedIn: Bool { contains(#""type":"logged_in""#) }
    /// Its number; nil for an external publication.
    public var seq: Int? { field(#","seq":"#).flatMap { Int($0) } }
    /// Its message id.
    public var mid: String? { field(#","mid":"#) }
    /// Its value without the quotes, if it is a string.
    public var word: String? { field(#","value":""#)?.dropLast().description }

    /// Returns whether it contains a part.
    public func contains(_ part: String) -> Bool { place(of: Array(part.utf8)) != nil }

    /// Returns the text after a key, up to the next comma or brace.
    private func field(_ key: String) -> String? {
        let key = Array(key.utf8)
        guard let place = place(of: key) else { return nil }
        let rest = bytes[(place + key.count)...]
        let end = UInt8(ascii: ",")
        let brace = UInt8(ascii: "}")
        return String(decoding: rest.prefix { $0 != end && $0 != brace }, as: UTF8.self)
    }

    private func place(of part: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { all -> Int? in
            part.withUnsafeBytes { wanted -> Int? in
                guard let start = all.baseAddress, let begin = wanted.baseAddress else {
                    return nil
                }
                var place = 0
                while place + wanted.count <= all.count {
                    let rest = all.count - wanted.count + 1 - place
                    guard let found = memchr(start + place, CInt(wanted[0]), rest) else {
                        return nil
                    }
                    place = start.distance(to: UnsafeRawPointer(found))
                    if memcmp(found, begin, wanted.count) == 0 { return place }
                    place += 1
                }
                return nil
            }
        }
    }
}
