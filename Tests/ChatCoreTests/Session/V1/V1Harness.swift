import Testing

@testable import ChatCore

/// A node whose clients speak `chat.v1`.
struct V1Harness {
    let node = TestNode()

    /// Makes a client that is logged in.
    func ada(_ name: String = "Ada") -> Int {
        let client = node.open(.v1)
        node.says(client, #"{"type":"login","username":"\#(name)"}"#)
        let answer =
            #"{"type":"logged_in","username":"\#(name)","node":"n1","resumed":false,"acked":0,"#
            + #""ping_ms":25000}"#
        #expect(node.takeHeard(client) == [answer])
        return client
    }

    func room(_ name: String) -> RoomName {
        guard let room = try? RoomName(name) else { preconditionFailure("a room's name") }
        return room
    }

    /// Returns what a client is told, with the name of a producer replaced by `p`.
    func takeHeard(_ client: Int) -> [String] {
        node.takeHeard(client).map { text in
            guard let mid = text.firstRange(of: #""mid":""#) else { return text }
            return text[..<mid.upperBound] + "p" + text[mid.upperBound...].dropFirst(8)
        }
    }
}
