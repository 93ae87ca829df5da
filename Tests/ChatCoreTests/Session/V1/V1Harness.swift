import Testing

@testable import ChatCore

/// A node whose clients speak `chat.v1`.
struct V1Harness {
    let node: TestNode

    init(_ node: TestNode = TestNode()) { self.node = node }

    /// Makes a client that is logged in.
    func ada(_ name: String = "Ada") -> Int {
        let client = node.open(.v1)
        #expect(login(client, name).resumed == "false,\"acked\":0")
        return client
    }

    /// Logs in, with a secret or without. Returns the new secret and what the answer says of the numbers.
    func login(_ client: Int, _ name: String = "Ada", session: String? = nil) -> (
        session: String, resumed: String
    ) {
        let proof = session.map { #","session":"\#($0)""# } ?? ""
        node.says(client, #"{"type":"login","username":"\#(name)"\#(proof)}"#)
        return loggedIn(client, name)
    }

    /// Reads a `logged_in`.
    func loggedIn(_ client: Int, _ name: String = "Ada") -> (session: String, resumed: String) {
        let heard = node.takeHeard(client)
        let start = #"{"type":"logged_in","username":"\#(name)","session":""#
        guard heard.count == 1, heard[0].hasPrefix(start) else {
            Issue.record("not logged in: \(heard)")
            return ("", "")
        }
        let rest = heard[0].dropFirst(start.count)
        let secret = rest.prefix(32)
        #expect(rest.dropFirst(32).hasPrefix(#"","node":"n1","resumed":"#))
        #expect(rest.hasSuffix(#","ping_ms":25000}"#))
        let resumed = rest.dropFirst(32 + #"","node":"n1","resumed":"#.count)
        return (String(secret), String(resumed.dropLast(#","ping_ms":25000}"#.count)))
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
