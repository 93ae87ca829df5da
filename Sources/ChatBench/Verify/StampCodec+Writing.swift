import ChatClient
import ChatCore

/// Writes what a run's clients send.
extension StampCodec {
    /// Returns a client's `login`, with the secret of an earlier one if the client comes back.
    func login(from client: Int, session: String? = nil) -> [UInt8] {
        let plain = PlainMessage.encode(type: "login", username: name(client))
        guard let session else { return plain }
        // A secret has nothing that JSON escapes.
        return plain.dropLast() + Array(#","session":"\#(session)"}"#.utf8)
    }

    /// Returns a client's `join`, from a position if the client comes back; nil in the plain dialect, which
    /// has none.
    func join(from client: Int, since: String? = nil) -> [UInt8]? {
        guard dialect == .v1 else { return nil }
        let since = since.map { #","since":\#($0)"# } ?? ""
        // The names of a run's rooms have nothing that JSON escapes.
        let room = roomName(rooms.room(of: client)).map { #","room":"\#($0)""# } ?? ""
        return Array(#"{"type":"join"\#(room)\#(since)}"#.utf8)
    }

    /// Returns a client's message to its room, without a stamp yet.
    func message(from client: Int) -> [UInt8] {
        let stamp = [UInt8](repeating: UInt8(ascii: "0"), count: Self.stampDigits)
        let value = [UInt8(ascii: "\"")] + stamp + filler
        let plain = PlainMessage.encode(type: "chat", username: name(client), value: value)
        guard dialect == .v1 else { return plain }
        let room = roomName(rooms.room(of: client)).map { #","room":"\#($0)""# } ?? ""
        let id = String(repeating: "0", count: Self.idDigits)
        return plain.dropLast() + Array(#"\#(room),"id":"\#(id)","n":1}"#.utf8)
    }

    /// The number of digits of an `id`, which is when the message was to leave: its `ack` repeats it.
    private static let idDigits = 16

    /// Puts the stamp into a message. In `chat.v1` the message gets its `id` and its number `n`, which
    /// counts from 1.
    func stamp(_ message: inout [UInt8], _ stamp: Stamp) {
        Self.write(UInt64(stamp.sender), digits: 8, to: &message, at: stampOffset)
        Self.write(UInt64(stamp.number), digits: 8, to: &message, at: stampOffset + 8)
        let time = UInt64(bitPattern: stamp.intended.nanoseconds)
        Self.write(time, digits: 16, to: &message, at: stampOffset + 16)
        guard dialect == .v1 else { return }
        let key: StaticString = #","id":""#
        let id = stampOffset - 1 + valueBytes + roomBytes + key.utf8CodeUnitCount
        Self.write(time, digits: Self.idDigits, to: &message, at: id)
        let number: StaticString = #"","n":"#
        message.removeSubrange((id + Self.idDigits + number.utf8CodeUnitCount)...)
        JSONWriter.append(UInt64(stamp.number) + 1, to: &message)
        message.append(UInt8(ascii: "}"))
    }

    private static func write(_ number: UInt64, digits: Int, to bytes: inout [UInt8], at start: Int)
    {
        for index in 0..<digits {
            let digit = UInt8(truncatingIfNeeded: number >> ((digits - 1 - index) * 4)) & 0xF
            bytes[start + index] =
                digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }
}

/// Reads what a node answers the sender of a message.
extension StampCodec {
    /// The `ack` of a message.
    struct Ack: Equatable {
        /// The message's number in its login.
        var n: UInt64
        /// When the message was to leave.
        var intended: Instant
    }

    /// Reads an `ack` as a node sends it.
    ///
    /// Fails: returns nil for every other text, and for an `ack` that says that the message had been
    /// accepted before: no message of a run is sent twice.
    func readAck(_ text: RawSpan) -> Ack? {
        text.withUnsafeBytes { bytes -> Ack? in
            let idStart = Self.ackHead.count
            let idEnd = idStart + Self.idDigits
            guard bytes.count > idEnd, Self.holds(bytes, Self.ackHead, at: 0),
                let n = Self.decimal(after: #"","n":"#, bytes, at: idEnd)?.number,
                !bytes.suffix(Self.repeated.count).elementsEqual(Self.repeated)
            else { return nil }
            return Ack(n: n, intended: Self.instant(bytes, at: idStart))
        }
    }

    /// Returns the id of a message as a node sends it, in `chat.v1` at its end; nil if there is none.
    static func mid(of text: RawSpan) -> String? {
        text.withUnsafeBytes { bytes -> String? in
            let key = midKey
            let end = bytes.count - 2
            guard end > key.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
            var start = end
            while start > key.count, bytes[start - 1] != UInt8(ascii: "\"") { start -= 1 }
            guard holds(bytes, key, at: start - key.count) else { return nil }
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
    }

    private static let midKey = Array(#","mid":""#.utf8)
    private static let ackHead = Array(#"{"type":"ack","id":""#.utf8)
    private static let repeated = Array(#""dup":true}"#.utf8)
}
