import TestSupport
import Testing

@testable import ChatCore

/// Reads the examples of what clients send as a node reads them.
@Suite struct ClientExampleTests {
    /// What each example of the plain dialect means.
    private static let plain = [
        "login": "claim name=Ada",
        "logout": "release name=Ada",
        "chat": #"say value="hello" name=Ada"#,
        "chat.any-value": #"say value={"text":"hello","at":[1.50,2e3,null]} name=Ada"#,
        "chat.no-value": "say name=Ada",
        "chat.escaped": #"say value="\u00e9" name=Ada"#,
        "chat.unknown-keys": #"say value="hello" name=Ada"#,
    ]
    /// What each example of `chat.v1` means. `n=0`: the client does not number the message.
    private static let v1 = [
        "login": "claim name=Ada n=0",
        "login.session": "claim secret=5f0c2d6b8a917e43d1c09ab7624e8f35 name=Ada n=0",
        "logout": "release n=0",
        "logout.username": "release name=Ada n=0",
        "join.lobby": "join last=0 n=0",
        "join.since":
            "join since.epoch=7 since.seq=17 since.mid=k3v9x0qa.4 last=0 room=tea n=0",
        "join.since-or-history":
            "join since.epoch=7 since.seq=0 since.mid=k3v9x0qa.0 last=20 name=Ada room=tea n=0",
        "join.history": "join last=20 room=tea n=0",
        "history": "history before=17 limit=50 room=tea n=0",
        "history.newest": "history limit=0 name=Ada n=0",
        "leave": "leave room=tea n=0",
        "leave.lobby": "leave name=Ada n=0",
        "chat": #"say value="hello" room=tea id="m1" n=1"#,
        "chat.lobby": #"say value={"text":"hello"} name=Ada n=0"#,
        "chat.id-number": #"say value="hello" id=-1.5e3 n=0"#,
        "chat.no-value": "say n=9007199254740991",
        "chat.unknown-keys": #"say value="hello" n=2"#,
        "remove":
            #"remove seq=20 mid=w8d2m5rc.1 reason="a slip" room=tea id="m2" n=2"#,
        "remove.lobby": "remove seq=20 mid=w8d2m5rc.1 name=Ada n=0",
        "typing": "typing room=tea n=0",
        "typing.lobby": "typing name=Ada n=0",
        "ping": "ping n=0",
        "ping.username": "ping name=Ada n=0",
    ]

    private static func meanings(in dialect: Dialect) -> [String: String] {
        switch dialect {
        case .plain: plain
        case .v1: v1
        }
    }

    private static func request(_ text: [UInt8], in dialect: Dialect) -> Session.Request {
        switch dialect {
        case .plain: PlainDialect.request(text.span.bytes)
        case .v1: V1Dialect.request(text.span.bytes)
        }
    }

    @Test(arguments: Dialect.allCases)
    func `each example is read as the request that it is`(_ dialect: Dialect) throws {
        let folder = ExampleFiles.folder(of: dialect) + "/client"
        let meanings = Self.meanings(in: dialect)
        let names = try ExampleFiles.names(in: folder).filter { !ExampleFiles.isPending($0) }
        #expect(names == Set(meanings.keys))
        for (name, meaning) in meanings {
            let text = Array(try ExampleFiles.message("\(folder)/\(name)").utf8)
            #expect(Self.request(text, in: dialect).described(in: text) == meaning, "\(name)")
        }
    }

    @Test func `each type that a plain client may send has an example`() throws {
        let folder = ExampleFiles.folder(of: .plain) + "/client"
        let names = try ExampleFiles.names(in: folder)
        let kinds = try names.map { name in
            try ClientMessage.parse(
                Array(ExampleFiles.message("\(folder)/\(name)").utf8).span.bytes
            ).kind
        }
        #expect(Set(kinds) == Set(ClientMessage.Kind.allCases))
    }

    @Test func `each type that a client of chat.v1 may send has an example, and no other has one`()
        throws
    {
        let names = try ExampleFiles.names(in: ExampleFiles.folder(of: .v1) + "/client")
        let types = Set(names.filter { !ExampleFiles.isPending($0) }.map(ExampleFiles.type))
        #expect(try ExampleFiles.words(after: "type.equals(\"", in: "Session/V1") == types)
    }

    @Test(arguments: Dialect.allCases)
    func `each wrong text is answered as its file says`(_ dialect: Dialect) throws {
        let folder = ExampleFiles.folder(of: dialect) + "/refused"
        for name in try ExampleFiles.names(in: folder, ending: ".txt") {
            let lines = try ExampleFiles.lines("\(folder)/\(name).txt")
            let node = TestNode()
            let client = node.open(dialect)
            for line in lines.dropLast() {
                try #require(line.hasPrefix("> "), "\(name)")
                node.says(client, String(line.dropFirst(2)))
            }
            let told = node.takeHeard(client).last.map { "< " + $0 }
            #expect(told == lines.last, "\(name)")
        }
    }

    @Test func `each way in which a text can be wrong has an example`() throws {
        let names = try Dialect.allCases.flatMap { dialect in
            let folder = ExampleFiles.folder(of: dialect) + "/refused"
            return try ExampleFiles.names(in: folder, ending: ".txt")
        }
        let codes = Set(names.map(ExampleFiles.type))
        let faults: [MessageFault] = [
            .notJSON, .tooDeep, .notAnObject, .givenTwice(.value), .notAString(.room),
            .notANumber(.n), .notAReceipt(.id), .notAPosition(.since), .otherNumbering,
            .missing(.username), .unknownType,
        ]
        let answers = try Dialect.allCases.flatMap { dialect in
            let folder = ExampleFiles.folder(of: dialect) + "/refused"
            return try ExampleFiles.names(in: folder, ending: ".txt")
                .compactMap { try ExampleFiles.lines("\(folder)/\($0).txt").last }
        }
        for fault in faults {
            #expect(codes.contains(fault.code.rawValue))
            var quoted: [UInt8] = []
            JSONWriter.append(fault.sentence, to: &quoted)
            let sentence = String(decoding: quoted, as: UTF8.self)
            #expect(answers.contains { $0.contains(sentence) }, "\(fault)")
        }
    }
}
