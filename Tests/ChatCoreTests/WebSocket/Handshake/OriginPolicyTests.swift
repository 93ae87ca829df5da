import ChatCore
import Testing

@Suite struct OriginPolicyTests {
    static let policy = OriginPolicy(allowed: ["https://Chat.example.org", "http://b.test:8080"])

    private func admits(
        _ origin: String,
        host: String? = "node.example.net",
        _ policy: OriginPolicy = OriginPolicy(allowed: [])
    ) -> Bool {
        policy.admits(origin: [origin], host: host)
    }

    @Test func `a request without an origin is not from a page`() {
        #expect(OriginPolicy(allowed: []).admits(origin: [], host: nil))
    }

    @Test(arguments: [
        ("http://node.test:4567", "node.test:4567"), ("http://node.test", "node.test"),
        ("http://node.test", "node.test:80"), ("https://node.test", "node.test"),
        ("https://node.test", "node.test:443"), ("https://node.test:443", "node.test"),
        ("http://Node.Test", "nODE.tEST"), ("http://192.0.2.1:4567", "192.0.2.1:4567"),
        ("http://[2001:db8::1]:4567", "[2001:DB8::1]:4567"),
        ("http://[2001:db8::1]", "[2001:db8::1]"),
    ])
    func `a page of the same host is admitted`(origin: String, host: String) {
        #expect(admits(origin, host: host))
    }

    @Test(arguments: [
        ("http://node.test", "node.test:4567"), ("http://node.test:4567", "node.test"),
        ("https://node.test", "node.test:80"), ("http://other.test", "node.test"),
        ("http://node.test.evil.test", "node.test"), ("http://evilnode.test", "node.test"),
        ("app://node.test", "node.test:80"), ("http://node.test", ""),
    ])
    func `a page of another host or port is refused`(origin: String, host: String) {
        #expect(!admits(origin, host: host))
    }

    @Test(arguments: [
        "http://localhost", "http://localhost:3000", "https://LOCALHOST:1",
        "http://app.localhost:80",
        "http://127.0.0.1:8000", "http://127.255.255.255", "http://[::1]", "http://[::1]:3000",
    ])
    func `a page of the same machine is admitted`(origin: String) {
        #expect(admits(origin))
        #expect(admits(origin, host: nil))
    }

    @Test(arguments: [
        "http://localhost.evil.test", "http://notlocalhost", "http://127.0.0.1.evil.test",
        "http://127.0.0.256", "http://127.0.0", "http://127.0.0.+1", "http://127.evil.test",
        "http://128.0.0.1", "http://[::2]", "http://localhos", "http://127.0.0.1.",
    ])
    func `a page that only looks local is refused`(origin: String) {
        #expect(!admits(origin))
    }

    @Test func `a page on the list is admitted`() {
        #expect(admits("https://chat.example.org", Self.policy))
        #expect(admits("https://chat.example.org:443", Self.policy))
        #expect(admits("http://b.test:8080", Self.policy))
    }

    @Test(arguments: [
        "http://chat.example.org", "https://chat.example.org:8443", "https://x.chat.example.org",
        "http://b.test", "http://c.test:8080",
    ])
    func `a page not quite on the list is refused`(origin: String) {
        #expect(!admits(origin, Self.policy))
    }

    static let unreadable = [
        "null", "", "*", "node.example.net", "http:node.example.net", "http://",
        "://node.example.net",
        "http:///", "http://node.example.net/", "http://node.example.net/path",
        "http://user@node.example.net", "http://node.example.net:", "http://node.example.net:x",
        "http://node.example.net:+80", "http://node.example.net:65536",
        "http://node.example.net:80:80",
        "http://node example.net", "http://node.example.net ", " http://node.example.net",
        "http://localhost, http://localhost", "http://[::1", "http://::1", "http://[]",
        "http://[::1]x",
        "http://[::1]:", "http://localhost:8\u{0660}", "http://loca\u{212A}host",
        "ht tp://localhost",
    ]

    @Test(arguments: unreadable)
    func `a text that is no origin is admitted by a star alone, and null if it is listed`(
        origin: String
    ) {
        #expect(!admits(origin))
        let listed = admits(origin, OriginPolicy(allowed: [origin]))
        #expect(listed == ["*", "null"].contains(origin))
        #expect(admits(origin, OriginPolicy(allowed: ["*"])))
    }

    @Test func `two origins are refused, but by a star`() {
        let both = ["http://localhost", "http://localhost"]
        #expect(!OriginPolicy(allowed: ["http://localhost"]).admits(origin: both, host: nil))
        #expect(OriginPolicy(allowed: ["*"]).admits(origin: both, host: nil))
    }

    @Test func `a star admits every origin`() {
        #expect(admits("https://anything.test:99", OriginPolicy(allowed: ["*"])))
        #expect(!admits("https://anything.test:99"))
    }

    @Test func `a listed null admits pages without an origin and no other page`() {
        let policy = OriginPolicy(allowed: ["null", "https://a.test"])
        #expect(admits("null", policy))
        #expect(admits("https://a.test", policy))
        for other in ["Null", "null:", "file://", "", "https://null"] {
            #expect(!admits(other, policy))
        }
    }

    @Test(arguments: [
        (["https://evil.test:8443"], "https://evil.test:8443"), (["null"], "null"),
        (["file://"], "*"), ([""], "*"), (["none"], "*"), (["https://a/path"], "*"),
        (["https://évil.test"], "*"), (["a,b"], "*"), (["https://a.test", "https://a.test"], "*"),
    ])
    func `a page that was refused is admitted by the entry that is named for it`(
        origin: [String],
        entry: String
    ) {
        #expect(!OriginPolicy(allowed: []).admits(origin: origin, host: nil))
        #expect(OriginPolicy.entry(for: origin) == entry)
        #expect(OriginPolicy.isEntry(entry))
        #expect(OriginPolicy(allowed: [entry]).admits(origin: origin, host: nil))
    }

    @Test func `an entry of the list can be checked`() {
        #expect(OriginPolicy.isEntry("*"))
        #expect(OriginPolicy.isEntry("https://chat.example.org"))
        #expect(!OriginPolicy.isEntry("chat.example.org"))
        #expect(!OriginPolicy.isEntry("https://chat.example.org/"))
        #expect(OriginPolicy.isEntry("null"))
        #expect(!OriginPolicy.isEntry("file://"))
    }
}
