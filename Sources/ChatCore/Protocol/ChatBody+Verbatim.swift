extension ChatBody {
    /// A `chat` that nobody's login vouches for: also the name is relayed as it is written.
    init(verbatim username: JSONString, value: Range<Int>?, in message: RawSpan, room: String?) {
        let quoted = (username.range.lowerBound - 1)..<(username.range.upperBound + 1)
        let size = quoted.count + Self.byteCountBesidesName(value, room)
        bytes = JSONWriter.bytes(count: size) { out in
            JSONWriter.append(literal: Self.head, to: &out)
            JSONWriter.append(message.extracting(quoted), to: &out)
            Self.appendRest(value, in: message, room, to: &out)
        }
    }
}
