import Testing

@testable import ChatCore

/// Tests which requests become WebSockets, in both ways in which a request is read.
@Suite struct AdmissionTests {
    private static let fields = [
        "Host": "chat.example.org", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
    ]
    private let admission = Admission(
        origins: OriginPolicy(allowed: ["https://friend.example"]),
        subprotocols: ["chat.v2", "chat.v1"]
    )

    /// Decides on a request as an HTTP parser hands it over. A field with an empty value is left out.
    private func decide(_ changes: [String: String] = [:], isFull: Bool = false) -> String {
        let fields = Self.fields.merging(changes) { $1 }
        do throws(Admission.Refusal) {
            let acceptance = try admission.decide(
                method: "GET",
                version: (1, 1),
                host: fields["Host"],
                headers: { name in fields[name].map { $0.isEmpty ? [] : [$0] } ?? [] },
                isFull: isFull
            )
            return String(decoding: acceptance.answer, as: UTF8.self)
        } catch {
            return "\(error.status)"
        }
    }

    /// Decides on the same request as its bytes are read in one pass.
    private func decideOnBytes(_ changes: [String: String] = [:], isFull: Bool = false) -> String {
        let fields = Self.fields.merging(changes) { $1 }.filter { !$0.value.isEmpty }
        let lines = fields.sorted { $0.key < $1.key }.map { "\($0): \($1)" }
        let bytes = Array(
            ("GET /ws HTTP/1.1\r\n" + lines.joined(separator: "\r\n") + "\r\n\r\n").utf8
        )
        guard case .whole(let request) = OpeningRequest.read(bytes.span.bytes) else {
            return "not in the usual form"
        }
        do throws(Admission.Refusal) {
            let acceptance = try admission.decide(on: request, in: bytes.span.bytes, isFull: isFull)
            return String(decoding: acceptance.answer, as: UTF8.self)
        } catch {
            return "\(error.status)"
        }
    }

    @Test(arguments: [
        ["Origin": ""], ["Origin": "https://friend.example"], ["Origin": "http://127.0.0.1:3000"],
        ["Origin": "https://chat.example.org"], ["Origin": "https://foe.example"],
        ["Origin": "null"], ["Origin": "https://chat.example.org", "Host": "elsewhere.example"],
        ["Sec-WebSocket-Protocol": "chat.v1"], ["Sec-WebSocket-Protocol": "x,chat.v2 , chat.v1"],
        ["Sec-WebSocket-Protocol": "x, y"],
    ])
    func `a request is decided on alike in whichever way it was read`(changes: [String: String]) {
        for isFull in [false, true] {
            #expect(decide(changes, isFull: isFull) == decideOnBytes(changes, isFull: isFull))
        }
    }

    @Test(arguments: [
        ("chat.v1", "chat.v1"), ("graphql-ws, chat.v1", "chat.v1"), ("chat.v1,chat.v2", "chat.v1"),
        (" chat.v2\t,chat.v1", "chat.v2"), (",,chat.v1,", "chat.v1"),
    ])
    func `the first subprotocol of the client's list that the node speaks is agreed on`(
        offered: String,
        chosen: String
    ) {
        let line = "\r\nSec-WebSocket-Protocol: \(chosen)\r\n\r\n"
        #expect(decide(["Sec-WebSocket-Protocol": offered]).hasSuffix(line))
    }

    @Test(arguments: ["", "x", "chat.v1x", "CHAT.V1", "chat v1", "chat.v1;q=1"])
    func `without a subprotocol that the node speaks none is agreed on`(offered: String) {
        let answer = decide(["Sec-WebSocket-Protocol": offered])
        #expect(answer.hasPrefix("HTTP/1.1 101 "))
        #expect(!answer.contains("Sec-WebSocket-Protocol"))
    }

    @Test func `a list of subprotocols may stand in several fields`() throws {
        let acceptance = try admission.decide(
            method: "GET",
            version: (1, 1),
            host: nil,
            headers: { name in
                name == "Sec-WebSocket-Protocol"
                    ? ["x", "chat.v1"] : Self.fields[name].map { [$0] } ?? []
            },
            isFull: false
        )
        #expect(acceptance.subprotocol == "chat.v1")
    }

    @Test func `an accepted request is answered with its key`() {
        #expect(decide().contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
    }

    @Test func `a foreign page learns nothing but that it is foreign`() {
        let foe = ["Origin": "https://foe.example"]
        #expect(decide(foe, isFull: true) == "403")
        #expect(decide(foe.merging(["Upgrade": ""]) { $1 }) == "403")
    }

    @Test func `a node that takes no more connections says so before it looks at the handshake`() {
        #expect(decide(["Sec-WebSocket-Version": "12"], isFull: true) == "503")
        #expect(decide(["Sec-WebSocket-Version": "12"]) == "426")
        #expect(Admission.Refusal.full.fields.map { "\($0): \($1)" } == ["Retry-After: 5"])
    }

    @Test func `a refused page is told the setting that admits it`() {
        let sentence = { (origins: [String]) in Admission.Refusal.foreignOrigin(origins).reason }
        #expect(
            sentence(["https://foe.example"]).hasSuffix(" --allowed-origins https://foe.example")
        )
        #expect(sentence(["null"]).hasSuffix(" --allowed-origins null"))
        #expect(sentence(["not; an origin"]).hasSuffix(" --allowed-origins '*'"))
        #expect(sentence(["https://a.example", "https://b.example"]).hasSuffix(" '*'"))
    }

    @Test func `a refusal of the handshake itself says what is missing`() {
        let refusal = Admission.Refusal.invalid(.version)
        #expect(refusal.reason == HandshakeError.version.reason)
        #expect(refusal.fields.map(\.name) == ["Upgrade", "Sec-WebSocket-Version"])
    }
}
