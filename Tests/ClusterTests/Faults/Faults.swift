import TestSupport
import Testing

/// Three nodes and a Redis, each in a process of its own, and what happens to names and messages
/// when one of them is killed, stopped or told to leave. The tests run one after the other, because
/// they measure seconds.
@Suite(.serialized) enum Faults {}

extension TestWebSocket {
    /// Asks for a name; the answer is still to be read.
    func ask(for name: String) throws {
        try say(#"{"type":"login","username":"\#(name)"}"#)
    }

    /// Returns the answer to a login: nil if the name is granted, else the reason.
    func outcome() throws -> String? {
        let answer = try hearText {
            $0.contains(#""type":"logged_in""#) || $0.contains(#""type":"login_failure""#)
        }
        guard answer.contains(#""type":"login_failure""#) else { return nil }
        guard let start = answer.firstRange(of: #""value":""#) else { throw Unexpected(answer) }
        return String(answer[start.upperBound...].prefix { $0 != "\"" })
    }

    /// Logs in, and returns the reason if that is refused.
    func attempt(_ name: String) throws -> String? {
        try ask(for: name)
        return try outcome()
    }

    /// Logs out, and waits for the answer.
    func logout(_ name: String) throws {
        try say(#"{"type":"logout","username":"\#(name)"}"#)
        _ = try hearText { $0.contains(#""type":"logged_out""#) }
    }

    /// Returns everything up to and with the first text that contains a part.
    func hear(until part: String) throws -> [String] {
        var heard: [String] = []
        repeat { heard.append(try hear()) } while heard.last?.contains(part) != true
        return heard
    }

    /// Sends a message, and returns whether it came back, and not an error instead.
    func isHeard(saying word: String, as name: String) throws -> Bool {
        try chat("\"\(word)\"", as: name)
        let own = #""username":"\#(name)","value":"\#(word)""#
        let answer = try hearText { $0.contains(own) || $0.contains(#""type":"error""#) }
        return answer.contains(#""type":"chat""#)
    }
}
