/// Names one message for good, whoever carries it: a sender's retry, a reader's place.
public struct MessageID: Hashable, Sendable, CustomStringConvertible {
    /// The unbroken possession of a name the message was sent under.
    public let lineage: Lineage
    /// 1, 2, 3 … within the lineage, over all rooms.
    public let n: UInt64

    /// The `n`-th message of a lineage.
    public init(lineage: Lineage, n: UInt64) {
        self.lineage = lineage
        self.n = n
    }

    /// As it travels: `lineage.n`. Opaque to clients.
    public var description: String { "\(lineage).\(n)" }

    /// How many bytes `append` writes.
    var byteCount: Int { Lineage.byteCount + 1 + JSONWriter.length(of: n) }

    func append(to bytes: inout [UInt8]) {
        lineage.append(to: &bytes)
        bytes.append(UInt8(ascii: "."))
        JSONWriter.append(n, to: &bytes)
    }
}
