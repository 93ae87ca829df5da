import ChatClient
import Testing

/// Addresses for clients, as people write them.
@Suite struct ChatURLTests {
    @Test(arguments: [
        ("ws://127.0.0.1", "ws://127.0.0.1:4567/ws"),
        ("ws://chat.example:80", "ws://chat.example:80/ws"),
        ("ws://h:8080/", "ws://h:8080/"),
        ("ws://h/a/b?c=d", "ws://h:4567/a/b?c=d"),
        ("ws://h?c", "ws://h:4567/?c"),
        ("ws://[::1]:9/ws", "ws://[::1]:9/ws"),
        ("ws://[::1]", "ws://[::1]:4567/ws"),
    ])
    func `a part that is left out has a node's default`(text: String, whole: String) throws {
        #expect(try ChatURL(text).description == whole)
    }

    @Test(arguments: [
        "127.0.0.1:4567", "http://h", "wss://h", "ws://", "ws://:80", "ws://h:", "ws://h:0",
        "ws://h:65536", "ws://h:x", "ws://::1", "ws://[::1", "ws://[::1]x", "ws://u@h", "ws://h/ a",
        "ws://h/#f",
    ])
    func `a text that is no such address is refused`(text: String) {
        #expect(throws: ChatURL.Invalid.self) { try ChatURL(text) }
    }
}
