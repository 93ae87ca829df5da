/// Identifies one message permanently: in a sender's retry, and as a reader's place in a room.
public struct MessageID: Hashable, Sendable, CustomStringConvertible {
    /// The producer that sent the message: one uninterrupted possession of a user name.
    public let producer: ProducerID
    /// The message's number within the producer, over all rooms: 1, 2, 3 …; 0 for a room's birth.
    public let n: UInt64

    /// The id of the `n`-th message of a producer.
    public init(producer: ProducerID, n: UInt64) {
        self.producer = producer
        self.n = n
    }

    /// Returns the id that stands for an empty room's position: no message ever has the number 0.
    public static func birth(_ producer: ProducerID) -> MessageID {
        MessageID(producer: producer, n: 0)
    }

    /// Whether this names a room's beginning, and no message.
    public var isBirth: Bool { n == 0 }

    /// Reads an id from its text.
    ///
    /// Fails: nil for anything but a producer, a point and a number as `description` writes it.
    public init?(_ text: String) {
        self.init(text.utf8.span.bytes)
    }

    init?(_ text: RawSpan) {
        guard text.byteCount > ProducerID.byteCount + 1,
            text.byte(at: ProducerID.byteCount) == UInt8(ascii: "."),
            let producer = ProducerID(text.extracting(first: ProducerID.byteCount)),
            let n = UInt64(decimal: text.extracting(droppingFirst: ProducerID.byteCount + 1))
        else { return nil }
        self.init(producer: producer, n: n)
    }

    /// The id as it is sent: `producer.n`. Clients must not interpret it.
    public var description: String { "\(producer).\(n)" }

    /// How many bytes `append` writes.
    public var byteCount: Int { ProducerID.byteCount + 1 + n.decimalLength }

    /// Appends the text of the id.
    public func append(to out: inout OutputSpan<UInt8>) {
        producer.append(to: &out)
        out.append(UInt8(ascii: "."))
        out.append(decimal: n)
    }
}
