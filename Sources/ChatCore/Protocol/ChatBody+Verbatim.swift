extension ChatBody {
    /// A `chat` that nobody's login vouches for: also the name is relayed as it is written.
    init(verbatim username: JSONString, value: Range<Int>?, in message: RawSpan, room: String?) {
        var out: [UInt8] = []
        JSONWriter.append(literal: Self.head, to: &out)
        let quoted = (username.range.lowerBound - 1)..<(username.range.upperBound + 1)
        JSONWriter.append(message.extracting(quoted), to: &out)
        Self.appendRest(value, in: message, room, to: &out)
        bytes = out
    }
}
