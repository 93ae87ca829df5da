import ChatCore

/// Encodes a client's messages in the plain vocabulary.
public enum PlainMessage {
    /// Returns the JSON of a message; `value` is JSON already, and left out if nil.
    public static func encode(type: String, username: String, value: [UInt8]? = nil) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(48 + username.utf8.count + (value?.count ?? 0))
        JSONWriter.append(literal: #"{"type":"#, to: &json)
        JSONWriter.append(type, to: &json)
        JSONWriter.append(literal: #","username":"#, to: &json)
        JSONWriter.append(username, to: &json)
        if let value {
            JSONWriter.append(literal: #","value":"#, to: &json)
            json += value
        }
        json.append(UInt8(ascii: "}"))
        return json
    }
}
