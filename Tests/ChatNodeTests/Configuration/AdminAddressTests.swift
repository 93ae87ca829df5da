import Testing

@testable import ChatNode

@Suite struct AdminAddressTests {
    @Test(arguments: [
        ("auto", AdminAddress.automatic),
        ("none", .none),
        ("unix:/run/chat/admin.sock", .unix("/run/chat/admin.sock")),
        ("unix:admin.sock", .unix("admin.sock")),
        ("http://127.0.0.1:9464", .tcp("127.0.0.1", 9464)),
        ("http://127.0.0.1:9464/", .tcp("127.0.0.1", 9464)),
        ("localhost:0", .tcp("localhost", 0)),
        ("[::1]:9464", .tcp("::1", 9464)),
    ])
    func `an address is read and written`(text: String, address: AdminAddress) throws {
        let loaded = try loadConfiguration(flags: ["admin": text])
        #expect(loaded.admin.address == address)
        #expect(
            try loadConfiguration(flags: ["admin": address.description]).admin.address == address
        )
    }

    @Test(arguments: [
        ("", "has no port"), ("unix:", "has no path"), ("9464", "has no port"),
        ("127.0.0.1", "has no port"), ("127.0.0.1:x", "has no port"),
        ("127.0.0.1:65536", "has no port"), ("::1:9464", "without brackets"),
        ("https://127.0.0.1:9464", "is no address to listen on"), (":9464", "is not a host name"),
        ("unix:/\(String(repeating: "x", count: 107))", "has a path of 108 bytes"),
    ])
    func `what is no address is told`(text: String, complaint: String) {
        #expect {
            try loadConfiguration(flags: ["admin": text])
        } throws: { error in
            let words = "\(error)"
            return words.contains("admin: “\(text.prefix(80))")
                && words.contains(complaint) && words.contains("fix: unix:PATH")
        }
    }

    @Test func `the clients' own address is not for operators`() {
        #expect {
            try loadConfiguration(flags: ["admin": "127.0.0.1:4567"])
        } throws: {
            "\($0)".contains("admin: http://127.0.0.1:4567 is where clients connect")
        }
    }
}
