import ChatClient
import ChatCore
import Glibc

/// What a message of the load generator says about itself.
struct Stamp: Equatable, Sendable {
    /// The number of its sender, from 0.
    var sender: UInt32
    /// Which of the sender's messages it is, from 0.
    var number: UInt32
    /// When it was to leave; latency counts from here.
    var intended: Instant

    /// The sender number of messages that are neither measured nor checked.
    static let noise = UInt32.max
}

/// Writes and reads a run's messages, whose fixed form has the stamp at a fixed place, so that no
/// JSON is parsed for a receipt: names of clients and of rooms of one length each, and a value of one
/// length that begins with 32 hexadecimal digits.
struct StampCodec: Sendable {
    /// What was received.
    struct Heard: Equatable {
        var stamp: Stamp
        /// The place in the order; nil from a server that numbers nothing.
        var seq: UInt64?
    }

    /// The length of the quotes and the stamp.
    static let smallestValueBytes = 34
    /// The allowed sizes, up to the longest message that a node can be set to relay.
    static let valueSizes = smallestValueBytes...(1 << 20)
    /// The number of digits of a client's number in its name.
    static let numberDigits = 7
    /// The most clients with different names in one run.
    static let mostClients = 10_000_000
    static let stampDigits = 32

    /// The part of every name that tells this run from all others.
    let run: String
    /// The length of the JSON value, its quotes included.
    let valueBytes: Int
    let dialect: BenchDialect
    let rooms: BenchRooms
    /// The beginning of every message, up to the number in the name.
    private let beginning: [UInt8]
    /// The text between the number and the stamp.
    private let middle: [UInt8]
    /// The text after the stamp, up to the value's closing quote.
    let filler: [UInt8]
    /// The text between the value and the room's number; empty if messages name no room.
    private let roomHead: [UInt8]
    /// The length of what a message says about its room.
    let roomBytes: Int
    let stampOffset: Int

    init(
        run: String,
        valueBytes: Int,
        dialect: BenchDialect = .plain,
        rooms: BenchRooms = .lobby
    ) {
        precondition(valueBytes >= Self.smallestValueBytes)
        self.run = run
        self.valueBytes = valueBytes
        self.dialect = dialect
        self.rooms = rooms
        roomHead = rooms.isLobby ? [] : Array(#","room":"\#(Self.beginningOfRooms(run))"#.utf8)
        roomBytes = rooms.isLobby ? 0 : roomHead.count + Self.numberDigits + 1
        beginning = Array(#"{"type":"chat","username":"bench-\#(run)-"#.utf8)
        middle = Array(#"","value":""#.utf8)
        let dots = valueBytes - Self.smallestValueBytes
        filler = Array(repeating: UInt8(ascii: "."), count: dots) + [UInt8(ascii: "\"")]
        stampOffset = beginning.count + Self.numberDigits + middle.count
    }

    /// Returns six letters and digits, which no other run is likely to draw.
    static func randomRun(using generator: inout some RandomNumberGenerator) -> String {
        let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        return String((0..<6).map { _ in letters[Int.random(in: 0..<36, using: &generator)] })
    }

    /// Returns the name of a client.
    func name(_ number: Int) -> String { "bench-\(run)-" + Self.padded(number) }

    /// Returns the name of a room; nil for the lobby.
    func roomName(_ room: Int) -> String? {
        rooms.isLobby ? nil : Self.beginningOfRooms(run) + Self.padded(room)
    }

    private static func beginningOfRooms(_ run: String) -> String { "bench-\(run)-r" }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, numberDigits - digits.count)) + digits
    }

    /// Reads a message as a node sends it, and checks every byte of name and value.
    ///
    /// Cost: some 30 ns and a comparison of the value, no allocation.
    /// Fails: returns nil for every other text, which may still be a message of this run: see
    /// `read(_: HeardMessage)`.
    func read(_ text: RawSpan) -> Heard? {
        let valueEnd = stampOffset - 1 + valueBytes
        let end = valueEnd + roomBytes
        guard text.byteCount > end else { return nil }
        return text.withUnsafeBytes { bytes -> Heard? in
            let stamp = Self.stamp(bytes, at: stampOffset)
            let digits = beginning.count
            guard Self.holds(bytes, beginning, at: 0),
                stamp.sender == Stamp.noise || Self.number(bytes, at: digits) == stamp.sender,
                Self.holds(bytes, middle, at: digits + Self.numberDigits),
                Self.holds(bytes, filler, at: stampOffset + Self.stampDigits),
                rooms.isLobby || holdsRoom(of: stamp.sender, bytes, at: valueEnd)
            else { return nil }
            return Heard(stamp: stamp, seq: Self.seq(bytes, at: end))
        }
    }

    /// Whether a text is a `chat` as a node writes it, of this run or not.
    static func isChat(_ text: RawSpan) -> Bool {
        guard text.byteCount > chatHead.count else { return false }
        return text.withUnsafeBytes { holds($0, chatHead, at: 0) }
    }

    private static let chatHead = Array(#"{"type":"chat","#.utf8)

    /// Whether a message names the room of its sender, or any room of the run if it is noise.
    private func holdsRoom(of sender: UInt32, _ bytes: UnsafeRawBufferPointer, at offset: Int)
        -> Bool
    {
        let digits = offset + roomHead.count
        guard Self.holds(bytes, roomHead, at: offset),
            bytes[digits + Self.numberDigits] == UInt8(ascii: "\""),
            let room = Self.number(bytes, at: digits)
        else { return false }
        return sender == Stamp.noise || Int(room) == rooms.room(of: Int(sender))
    }

    /// Reads a message of a server that writes its JSON differently.
    func read(_ message: HeardMessage) -> Heard? {
        guard message.type == "chat", let name = message.username, let value = message.value,
            name.hasPrefix("bench-\(run)-"), value.utf8.count == valueBytes
        else { return nil }
        return Array(value.utf8).withUnsafeBytes { bytes -> Heard? in
            let stamp = Self.stamp(bytes, at: 1)
            guard bytes[0] == UInt8(ascii: "\""),
                stamp.sender == Stamp.noise
                    || name == self.name(Int(stamp.sender))
                        && message.room == roomName(rooms.room(of: Int(stamp.sender))),
                Self.holds(bytes, filler, at: 1 + Self.stampDigits)
            else { return nil }
            return Heard(stamp: stamp, seq: message.seq)
        }
    }

    static func holds(
        _ bytes: UnsafeRawBufferPointer,
        _ expected: [UInt8],
        at offset: Int
    ) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return memcmp(base + offset, expected, expected.count) == 0
    }

    private static func stamp(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Stamp {
        Stamp(
            sender: hex(bytes, at: offset),
            number: hex(bytes, at: offset + 8),
            intended: instant(bytes, at: offset + 16)
        )
    }

    static func instant(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Instant {
        Instant(
            nanoseconds: Int64(hex(bytes, at: offset)) << 32 | Int64(hex(bytes, at: offset + 8))
        )
    }

    /// Returns a client's number in its name; nil if there is none.
    private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
        var number = 0 as UInt32
        for index in offset..<offset + numberDigits {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number * 10 + UInt32(digit)
        }
        return number
    }

    /// Reads eight hexadecimal digits, in lower case, all at once: each byte becomes its digit,
    /// then neighbours are joined three times.
    static func hex(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        let loaded = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let text = UInt64(littleEndian: loaded)
        // A letter has bit 6 set, and its low bits count from 1.
        let letters = (text >> 6) & 0x0101_0101_0101_0101
        let digits = (text & 0x0F0F_0F0F_0F0F_0F0F) &+ letters &* 9
        let pairs = (digits << 4 | digits >> 8) & 0x00FF_00FF_00FF_00FF
        let fours = (pairs << 8 | pairs >> 16) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: fours << 16 | fours >> 32)
    }

    /// Reads the number after `,"seq":`.
    private static func seq(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64? {
        decimal(after: #","seq":"#, bytes, at: offset)?.number
    }

    /// Reads a whole number after a key, and returns it with the offset after it.
    static func decimal(
        after key: StaticString,
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int
    ) -> (number: UInt64, end: Int)? {
        var index = offset + key.utf8CodeUnitCount
        guard bytes.count > index, let base = bytes.baseAddress,
            memcmp(base + offset, key.utf8Start, key.utf8CodeUnitCount) == 0
        else { return nil }
        var number = 0 as UInt64
        while index < bytes.count {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            number = number &* 10 &+ UInt64(digit)
            index += 1
        }
        return (number, index)
    }
}
