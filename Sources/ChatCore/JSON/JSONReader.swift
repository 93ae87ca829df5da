/// Takes JSON texts apart member by member, for readers that may be handed closures: a client's, not a
/// node's.
package enum JSONReader {
    /// The number of arrays and objects around a value for `JSONScanner`: fewer than there are, because a node
    /// puts some around a message that was as deep as a message may be.
    private static let depth = 1 - Limits.jsonAroundMessage

    /// Calls `body` with each member of an object: its name, nil if it is not text, and its value as it
    /// was written.
    ///
    /// Fails: returns false for anything but one JSON object. Members that precede a mistake have been
    /// handed over by then.
    package static func members(of bytes: RawSpan, _ body: (String?, RawSpan) -> Void) -> Bool {
        do throws(JSONError) {
            var scanner = JSONScanner()
            scanner.skipWhitespace(bytes)
            var more = try scanner.enterObject(bytes)
            while more {
                let key = try scanner.key(bytes).decoded(in: bytes)
                let range = try scanner.value(bytes, depth: depth)
                body(key, bytes.extracting(range))
                more = try scanner.nextMember(bytes)
            }
            try scanner.end(bytes)
            return true
        } catch {
            return false
        }
    }

    /// Calls `body` with each element of an array that is JSON.
    ///
    /// Fails: returns false for anything but an array.
    package static func elements(of bytes: RawSpan, _ body: (RawSpan) -> Void) -> Bool {
        guard bytes.byteCount > 1, bytes.byte(at: 0) == UInt8(ascii: "[") else { return false }
        do throws(JSONError) {
            var scanner = JSONScanner(at: 1)
            scanner.skipWhitespace(bytes)
            while scanner.peek(bytes) != UInt8(ascii: "]") {
                let range = try scanner.value(bytes, depth: depth)
                body(bytes.extracting(range))
                scanner.skipWhitespace(bytes)
                guard scanner.peek(bytes) == UInt8(ascii: ",") else { break }
                scanner = JSONScanner(at: scanner.position + 1)
                scanner.skipWhitespace(bytes)
            }
            return scanner.peek(bytes) == UInt8(ascii: "]")
        } catch {
            return false
        }
    }

    /// Whether a text is one JSON value that may be a member of an object: not nested too deeply.
    package static func isValue(_ bytes: RawSpan) -> Bool {
        do throws(JSONError) {
            var scanner = JSONScanner()
            scanner.skipWhitespace(bytes)
            _ = try scanner.value(bytes, depth: 1)
            try scanner.end(bytes)
            return true
        } catch {
            return false
        }
    }

    /// Returns the text of a string that is JSON; nil for another value.
    package static func text(_ json: RawSpan) -> String? {
        var scanner = JSONScanner()
        guard let string = try? scanner.string(json), scanner.position == json.byteCount else {
            return nil
        }
        return string.decoded(in: json)
    }

    /// Returns a whole number in the form in which `JSONWriter` writes it; nil for another value.
    package static func number(_ json: RawSpan) -> UInt64? { UInt64(decimal: json) }
}
