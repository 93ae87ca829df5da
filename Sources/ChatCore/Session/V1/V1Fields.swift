/// The values found for the keys of `chat.v1`, as ranges of a message's bytes.
struct V1Fields: KnownFields {
    private(set) var type: JSONString?
    private(set) var username: JSONString?
    private(set) var value: Range<Int>?
    private(set) var room: JSONString?
    private(set) var session: JSONString?
    private(set) var id: Range<Int>?
    private(set) var n: UInt64 = 0
    private(set) var since: Session.Request.Since?
    private(set) var history: UInt64?
    private(set) var before: UInt64?
    private(set) var limit: UInt64?
    private(set) var seq: UInt64?
    private(set) var mid: JSONString?
    private(set) var reason: Range<Int>?
    var given: UInt32 = 0
    /// What is wrong with the text; nil: nothing.
    var fault: MessageFault?

    /// Reads the fields of a text. Those of a text that is not JSON are all missing.
    ///
    /// Cost: one pass, no copy.
    init(_ bytes: RawSpan) {
        do throws(JSONError) {
            try read(bytes)
        } catch {
            self = V1Fields(fault: MessageError(error).fault)
        }
    }

    private init(fault: MessageFault) { self.fault = fault }

    static func key(_ name: JSONString, in bytes: RawSpan) -> MessageKey? {
        MessageKey(v1: name, in: bytes)
    }

    mutating func store(
        _ key: MessageKey,
        _ range: Range<Int>,
        _ string: JSONString?,
        in bytes: RawSpan
    ) {
        switch key {
        case .type: type = string
        case .username: username = string
        case .room: room = string
        case .session: session = string
        case .mid: mid = string
        case .reason: reason = range
        case .value: return value = range
        case .id:
            guard Self.isReceipt(bytes, at: range) else { return note(.notAReceipt(key)) }
            return id = range
        case .n, .history, .before, .limit, .seq:
            guard let number = UInt64(decimal: bytes.extracting(range)), number > 0,
                number < Limits.numbers
            else { return note(.notANumber(key)) }
            return store(key, number)
        case .since:
            since = Session.Request.Since(bytes, at: range)
            if since == nil { note(.notAPosition(key)) }
            return
        }
        if string == nil { note(.notAString(key)) }
    }

    private mutating func store(_ key: MessageKey, _ number: UInt64) {
        switch key {
        case .history: history = number
        case .before: before = number
        case .limit: limit = number
        case .seq: seq = number
        default: n = number
        }
    }

    /// Whether a value is a string or a number that is not too long to be repeated.
    private static func isReceipt(_ bytes: RawSpan, at range: Range<Int>) -> Bool {
        guard range.count <= Limits.receiptBytes else { return false }
        switch bytes.byte(at: range.lowerBound) {
        case UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return true
        default: return false
        }
    }
}

extension Session.Request.Since {
    /// Reads a JSON value that has been scanned already.
    ///
    /// Fails: nil for anything but an object with an `epoch` and a `mid` that are strings and a `seq` that
    /// is a number; of a key given twice the last counts.
    fileprivate init?(_ bytes: RawSpan, at range: Range<Int>) {
        var epoch: JSONString?
        var mid: JSONString?
        var seq: UInt64?
        var scanner = JSONScanner(at: range.lowerBound)
        do throws(JSONError) {
            var more = try scanner.enterObject(bytes)
            while more {
                let key = try scanner.key(bytes)
                let start = scanner.position
                let isString = scanner.peek(bytes) == UInt8(ascii: "\"")
                let string = isString ? try scanner.string(bytes) : nil
                if !isString { _ = try scanner.value(bytes, depth: 2) }
                if key.equals("epoch", in: bytes) {
                    epoch = string
                } else if key.equals("mid", in: bytes) {
                    mid = string
                } else if key.equals("seq", in: bytes) {
                    seq = UInt64(decimal: bytes.extracting(start..<scanner.position))
                }
                more = try scanner.nextMember(bytes)
            }
        } catch {
            return nil
        }
        guard let epoch, let mid, let seq, seq < Limits.numbers else { return nil }
        self.init(epoch: epoch, seq: seq, mid: mid)
    }
}
