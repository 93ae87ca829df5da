import Testing

@testable import ChatNode

@Suite struct AllowedOriginsTests {
    @Test(arguments: [
        "https://chat.example.org", "http://localhost:3000", "http://[::1]:8080",
        "capacitor://localhost", "https://xn--bcher-kva.example", "*", "null",
    ])
    func `an origin, or any, is accepted`(text: String) throws {
        #expect(
            try loadConfiguration(flags: ["allowed-origins": text]).listener.allowedOrigins == [
                text
            ]
        )
    }

    @Test(arguments: [
        "", "chat.example.org", "https://", "://a", "https:/a", "https://a/", "https://a/path",
        "https://a?b", "https://a#b", "https://a:65536", "https://a:b", "https://*.example.org",
        "https://bücher.example", "https://user@a", "https://[::1", "https://[]", "https://a b",
        "Null", "file://", "https://::1",
    ])
    func `what is no origin is refused`(text: String) {
        #expect(throws: ConfigurationError.self) {
            try loadConfiguration(flags: ["allowed-origins": text])
        }
    }

    @Test func `none and a list are told apart`() throws {
        #expect(
            try loadConfiguration(flags: ["allowed-origins": "none"]).listener.allowedOrigins == []
        )
        #expect(try loadConfiguration(file: "allowed-origins: []").listener.allowedOrigins == [])
        #expect(
            try loadConfiguration(file: "allowed-origins: ['*']").listener.allowedOrigins == ["*"]
        )
        // Without quotes it is YAML's own.
        #expect(
            try loadConfiguration(file: "allowed-origins: 'null'").listener.allowedOrigins == [
                "null"
            ]
        )
        let unquoted = try configurationError(file: "allowed-origins: null")
        #expect(unquoted.description.contains("fix: ") && unquoted.description.contains("\"null\""))
        let two = try loadConfiguration(flags: ["allowed-origins": "https://a, http://b"])
        #expect(two.listener.allowedOrigins == ["https://a", "http://b"])
    }
}
