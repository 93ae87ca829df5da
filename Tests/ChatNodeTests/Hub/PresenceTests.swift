import ChatCore
import NIOCore
import TestSupport
import Testing

@testable import ChatNode

/// Who is present in a room, as clients of `chat.v1` are told, through sockets.
@Suite struct PresenceTests {
    private let flags = ["loops": "2", "message-rate": "0", "byte-rate": "0"]

    /// Reads what a client is told of who is present until that ends in something.
    private func hear(_ end: String, by client: RoomClient) throws {
        while try !client.hearPresence().hasSuffix(end) {}
    }

    @Test func `members are told who joins and leaves a room, and who joins is told who is there`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let reader = try RoomClient(port: server.port, room: "red")
            try reader.join()
            if reader.presence.isEmpty { _ = try reader.hearPresence() }
            #expect(reader.presence[0].hasSuffix(#""members":[],"count":0}"#))
            let ada = try RoomClient(port: server.port, room: "red", name: "Ada")
            try ada.join()
            try hear(#""joined":["Ada"],"left":[],"count":1}"#, by: reader)
            let bob = try RoomClient(port: server.port, room: "red", name: "Bob")
            try bob.join()
            try hear(#""joined":["Bob"],"left":[],"count":2}"#, by: reader)
            // Who joins is told who is there; reading needs no login, and is not shown.
            let late = try RoomClient(port: server.port, room: "red")
            let joined = try late.join()[0]
            #expect(joined.hasSuffix(#""count":2,"members":["Ada","Bob"]}"#))
            try bob.socket.say(#"{"type":"leave","room":"red"}"#)
            try ada.socket.say(#"{"type":"logout"}"#)
            try hear(#""count":0}"#, by: reader)
            #expect(reader.presence.last?.contains(#""joined":[],"left":["#) == true)
            // Who has logged out still reads, and is there again after the next login.
            while try !ada.hear().contains("logged_out") {}
            try ada.socket.say(#"{"type":"login","username":"Eve"}"#)
            try hear(#""joined":["Eve"],"left":[],"count":1}"#, by: reader)
        }
    }

    @Test func `plain clients are present in the lobby from login to logout`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let reader = try RoomClient(port: server.port)
            #expect(try reader.join()[0].hasSuffix(#""count":0,"members":[]}"#))
            let ada = try server.connect("Ada")
            try hear(#""joined":["Ada"],"left":[],"count":1}"#, by: reader)
            let bob = try server.connect("Bob")
            try hear(#""joined":["Bob"],"left":[],"count":2}"#, by: reader)
            bob.socket.close()
            try hear(#""joined":[],"left":["Bob"],"count":1}"#, by: reader)
            try ada.say(#"{"type":"logout","username":"Ada"}"#)
            try hear(#""joined":[],"left":["Ada"],"count":0}"#, by: reader)
            // Two bytes of head, or four from 126 bytes on (RFC 6455 §5.2).
            let bytes = reader.presence.reduce(0) {
                $0 + $1.utf8.count + ($1.utf8.count < 126 ? 2 : 4)
            }
            try await eventually("the frames are counted") {
                let text = try server.scrape()
                return try text.value("chatnode_presence_frames_total")
                    == Double(reader.presence.count)
                    && text.value("chatnode_presence_bytes_total") == Double(bytes)
            }
        }
    }

    @Test func `who comes back within the linger has neither left nor joined`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let reader = try RoomClient(port: server.port, room: "red")
            try reader.join()
            let ada = try RoomClient(port: server.port, room: "red")
            let login = try ada.login("Ada")
            try ada.join()
            try hear(#""joined":["Ada"],"left":[],"count":1}"#, by: reader)
            ada.socket.socket.close()
            let back = try RoomClient(port: server.port, room: "red")
            #expect(try back.login("Ada", session: login.session).isResumed)
            #expect(try back.join()[0].hasSuffix(#""count":1,"members":["Ada"]}"#))
            // The next that is told is another name.
            let bob = try RoomClient(port: server.port, room: "red", name: "Bob")
            try bob.join()
            #expect(try reader.hearPresence().hasSuffix(#""joined":["Bob"],"left":[],"count":2}"#))
        }
    }

    @Test func `a member that does not read is told the whole list when it does`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try slow.join()
            let value = String(repeating: "x", count: 10_000)
            for _ in 0..<60 {
                try ada.chat(#""\#(value)""#, as: "Ada")
                _ = try ada.hear()
            }
            let reader = try RoomClient(port: server.port)
            try reader.join()
            let others = try ["Bob", "Cleo"].map { try server.connect($0) }
            try hear(#""count":3}"#, by: reader)
            try others[1].say(#"{"type":"logout","username":"Cleo"}"#)
            try hear(#""left":["Cleo"],"count":2}"#, by: reader)
            try slow.hear(upTo: 60)
            while slow.presence.last?.hasSuffix(#""members":["Ada","Bob"],"count":2}"#) != true {
                _ = try slow.hearPresence()
            }
        }
    }

    @Test func `a room of more names than are listed is told only how many they are`() async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let reader = try RoomClient(port: server.port, room: "red")
            try reader.join()
            let most = Limits.presenceListed
            let named = try (0..<most + 1).map { number in
                let client = try RoomClient(port: server.port, room: "red", name: "Ada\(number)")
                try client.join()
                return client
            }
            try hear(#","count":\#(most + 1)}"#, by: reader)
            let told = try #require(reader.presence.last)
            // Between them is only the number of the change.
            let head = #"{"type":"presence","room":"red","v":"#
            #expect(told.hasPrefix(head))
            let rest = told.dropFirst(head.count).drop { $0.isNumber }
            #expect(rest == #","count":\#(most + 1)}"#)
            let late = try RoomClient(port: server.port, room: "red")
            let joined = try late.join()[0]
            #expect(joined.hasSuffix(#","count":\#(most + 1)}"#))
            #expect(!joined.contains("members"))
            // With one less all of them are listed again.
            try named[0].socket.say(#"{"type":"logout"}"#)
            for client in [reader, late] { try hear(#","count":\#(most)}"#, by: client) }
            for client in [reader, late] {
                let whole = try #require(client.presence.last)
                #expect(whole.contains(#","members":["Ada1","Ada10","Ada100","Ada101","#))
            }
        }
    }

    @Test func `a room of many members is told in pieces, each once`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            for bound in server.node.hub.shards {
                try await bound.eventLoop.submit { bound.value.sendsPerTurn = 3 }.get()
            }
            let readers = try (0..<40).map { _ in
                let reader = try RoomClient(port: server.port)
                try reader.join()
                return reader
            }
            let ada = try server.connect("Ada")
            // Some leave while the others are told.
            for reader in readers.prefix(10) { reader.socket.socket.close() }
            for reader in readers.dropFirst(10) {
                #expect(
                    try reader.hearPresence().hasSuffix(#""joined":["Ada"],"left":[],"count":1}"#)
                )
            }
            try ada.say(#"{"type":"logout","username":"Ada"}"#)
            for reader in readers.dropFirst(10) {
                #expect(
                    try reader.hearPresence().hasSuffix(#""joined":[],"left":["Ada"],"count":0}"#)
                )
            }
        }
    }
}
