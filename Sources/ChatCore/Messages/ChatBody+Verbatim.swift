extension ChatBody {
    /// Makes the body of a `chat` that an external program published, without a login: the name,
    /// too, is relayed as it is written.
    init(verbatim username: JSONString, value: Range<Int>?, in message: RawSpan, room: String?) {
        let quoted = (username.range.lowerBound - 1)..<(username.range.upperBound + 1)
        let size = quoted.count + Self.byteCountBesidesName(value, room)
        bytes = JSONWriter.bytes(count: size) { out in
            out.append(literal: Self.head)
            out.append(message.extracting(quoted))
            Self.appendRest(value, in: message, room, to: &out)
        }
    }
}
