/// Names one message for good, whoever carries it: a sender's retry, a reader's place.
public struct MessageID: Hashable, Sendable, CustomStringConvertible {
    /// The unbroken possession of a name the message was sent under.
    public let lineage: Lineage
    /// 1, 2, 3 … within the lineage, over all rooms; 0 for a room's birth.
    public let n: UInt64

    /// The `n`-th message of a lineage.
    public init(lineage: Lineage, n: UInt64) {
        self.lineage = lineage
        self.n = n
    }

    /// The id that a room's place has before its first message: no message ever has the number 0.
    public static func birth(_ lineage: Lineage) -> MessageID { MessageID(lineage: lineage, n: 0) }

    /// Reads the text of one back.
    ///
    /// Fails: nil for anything but a lineage, a point and a number as `description` writes it.
    public init?(_ text: String) {
        self.init(text.utf8.span.bytes)
    }

    init?(_ text: RawSpan) {
        guard text.byteCount > Lineage.byteCount + 1,
            text.byte(at: Lineage.byteCount) == UInt8(ascii: "."),
            let lineage = Lineage(text.extracting(first: Lineage.byteCount)),
            let n = UInt64(decimal: text.extracting(droppingFirst: Lineage.byteCount + 1))
        else { return nil }
        self.init(lineage: lineage, n: n)
    }

    /// As it travels: `lineage.n`. Opaque to clients.
    public var description: String { "\(lineage).\(n)" }

    /// How many bytes `append` writes.
    public var byteCount: Int { Lineage.byteCount + 1 + JSONWriter.length(of: n) }

    /// Appends the text.
    public func append(to out: inout OutputSpan<UInt8>) {
        lineage.append(to: &out)
        out.append(UInt8(ascii: "."))
        out.append(decimal: n)
    }
}
