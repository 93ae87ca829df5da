import Testing

@testable import ChatNode

@Suite struct AllowedOriginsTests {
    @Test(arguments: [
        ("https://chat.example.org", "https://chat.example.org"),
        ("HTTPS://Chat.Example.ORG", "https://chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org"),
        ("http://chat.example.org:80", "http://chat.example.org"),
        ("http://chat.example.org:443", "http://chat.example.org:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[::1]", "http://[::1]"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ])
    func `an origin is brought into the form in which browsers send it`(
        text: String,
        origin: String
    ) throws {
        #expect(try AllowedOrigins.origin(text) == origin)
    }

    @Test(arguments: [
        "", "chat.example.org", "https://", "://a", "https:/a", "1http://a", "https://a/",
        "https://a/path", "https://a?b", "https://a#b", "https://a:", "https://a:0",
        "https://a:65536", "https://a:b", "https://a:-1", "https://*.example.org",
        "https://bücher.example", "https://user@a", "https://[::1", "https://[]", "https://[g]",
        "https://a b", "null", "https://::1",
    ])
    func `what is no origin is refused`(text: String) {
        #expect(throws: InvalidValue.self) { try AllowedOrigins.origin(text) }
    }

    @Test func `any, none and a list are told apart`() throws {
        #expect(try loadConfiguration(flags: ["allowed-origins": "*"]).allowedOrigins == .any)
        #expect(
            try loadConfiguration(flags: ["allowed-origins": "none"]).allowedOrigins == .listed([])
        )
        #expect(try loadConfiguration(file: "allowed-origins: []").allowedOrigins == .listed([]))
        #expect(try loadConfiguration(file: "allowed-origins: ['*']").allowedOrigins == .any)
        let twice = try loadConfiguration(flags: [
            "allowed-origins": "https://a, https://a:443,http://b"
        ])
        #expect(twice.allowedOrigins == .listed(["https://a", "http://b"]))
    }
}
