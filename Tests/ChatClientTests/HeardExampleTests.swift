import ChatClient
import Foundation
import TestSupport
import Testing

/// The examples of what a server says (docs/protocol/examples), read with the client's code.
@Suite struct HeardExampleTests {
    private static let folder: URL = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appending(path: "docs/protocol/examples")
    }()

    private static let examples: [String] = {
        ["chat.v1/server", "plain/server"].flatMap { name in
            let files = try? FileManager.default.contentsOfDirectory(
                atPath: folder.appending(path: name).path
            )
            return (files ?? []).sorted().map { "\(name)/\($0)" }
        }
    }()

    @Test func `there are examples of both dialects`() {
        #expect(Self.examples.count > 60)
        #expect(Self.examples.contains("plain/server/chat.json"))
    }

    @Test(arguments: examples)
    func `each key of an example is read as it is written`(file: String) throws {
        let data = try Data(contentsOf: Self.folder.appending(path: file))
        let bytes = Array(data)
        let read = HeardMessage(bytes.span.bytes)
        let message = try #require(read)
        let written = try #require(
            try JSONSerialization.jsonObject(with: data) as? [String: any Sendable]
        )
        for (key, value) in written { #expect(Self.has(message, key, value), "\(key)") }
    }

    private static func has(_ heard: HeardMessage, _ key: String, _ value: Any) -> Bool {
        switch key {
        case "value": json(heard.value) == value as? NSObject
        case "id": json(heard.id) == value as? NSObject
        case "of": place(value) == heard.removed.map { "\($0.seq) \($0.mid)" }
        case "items": (value as? [Any])?.count == heard.items?.count
        case "resumed": value as? Bool == heard.isResumed
        case "recovered": value as? Bool == heard.isRecovered
        case "dup": value as? Bool == heard.isRepeated
        case "more": value as? Bool == heard.hasMore
        case "users": value as? [String] == heard.users
        case "members": value as? [String] == heard.members
        case "joined": value as? [String] == heard.joined
        case "left": value as? [String] == heard.left
        default:
            if let text = value as? String {
                text == self.text(key, of: heard)
            } else {
                (value as? NSNumber)?.uint64Value == number(key, of: heard)
            }
        }
    }

    private static func text(_ key: String, of heard: HeardMessage) -> String? {
        switch key {
        case "type": heard.type
        case "username": heard.username
        case "room": heard.room
        case "mid": heard.mid
        case "epoch": heard.epoch
        case "session": heard.session
        case "node": heard.node
        case "message": heard.message
        case "code": heard.code
        case "reason": heard.reason
        case "by": heard.by
        default: nil
        }
    }

    private static func number(_ key: String, of heard: HeardMessage) -> UInt64? {
        switch key {
        case "seq": heard.seq
        case "ts": heard.timestampMs
        case "acked": heard.acked
        case "ping_ms": heard.pingMs
        case "retry_ms": heard.retryMs
        case "n": heard.n
        case "from": heard.from
        case "to": heard.to
        case "count": heard.count
        case "v": heard.v
        default: nil
        }
    }

    private static func json(_ text: String?) -> NSObject? {
        guard let text else { return nil }
        let options = JSONSerialization.ReadingOptions.fragmentsAllowed
        return try? JSONSerialization.jsonObject(with: Data(text.utf8), options: options)
            as? NSObject
    }

    private static func place(_ value: Any) -> String? {
        guard let object = value as? [String: Any], let mid = object["mid"] as? String,
            let seq = object["seq"] as? NSNumber
        else { return nil }
        return "\(seq) \(mid)"
    }
}
