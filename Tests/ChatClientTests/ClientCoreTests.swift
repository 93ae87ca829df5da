import ChatCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ChatClient

/// Which answer settles which login, on a loop that the test advances itself.
@Suite struct ClientCoreTests {
    private let loop = EmbeddedEventLoop()
    private let core: ClientCore
    private let connection: ClientConnection
    private let inbox: Messages.Producer.NewSequence

    init() throws {
        inbox = Messages.Producer.makeSequence(
            backPressureStrategy: .init(lowWatermark: 1, highWatermark: 100),
            finishOnDeinit: true,
            delegate: InboxReader(
                core: ClientCoreBox.makeEmptyBox(valueType: ClientCore.self, eventLoop: loop)
            )
        )
        core = ClientCore(on: loop, inbox: inbox.source)
        connection = ClientConnection(
            url: try ChatURL("ws://h/ws"),
            settings: ClientSettings(),
            readBuffer: nil,
            generator: SystemRandomNumberGenerator(),
            delegate: core
        )
    }

    private func hear(_ message: ServerMessage) {
        var text: [UInt8] = []
        message.encode(into: &text)
        core.received(text.span.bytes, on: connection)
    }

    private func end() { core.ended(connection, .cut) }

    @Test func `a name counts when the server has granted it`() throws {
        let login = core.login("Ada")
        #expect(core.name == "")
        hear(.loggedIn(username: "Ada", node: "n1"))
        #expect(try login.wait() == "n1")
        #expect(core.name == "Ada")
        let second = core.login("Bob")
        hear(.loginFailure(username: "Bob", reason: .taken, message: ""))
        #expect(throws: ChatClientError.self) { try second.wait() }
        #expect(core.name == "Ada")
        end()
    }

    @Test func `an answer settles the login that asked, however the server writes the name`() throws
    {
        // The letter and its accent are two; the server writes them as one.
        let login = core.login("Ame\u{301}lie")
        hear(.loggedIn(username: "Am\u{E9}lie", node: "n1"))
        #expect(try login.wait() == "n1")
        let bad = core.login("no name")
        hear(.loginFailure(username: "no name", reason: .invalid, message: ""))
        #expect(throws: ChatClientError.self) { try bad.wait() }
        end()
    }

    @Test func `the late answer to one login does not settle the next`() throws {
        let first = core.login("Ada")
        loop.advanceTime(by: .nanoseconds(Limits.loginTimeout.inNanoseconds))
        #expect(throws: ChatClientError.noAnswer(within: Limits.loginTimeout)) { try first.wait() }
        #expect(core.name == "")
        let second = core.login("Bob")
        hear(.loggedIn(username: "Ada", node: "n1"))
        // The server knows the client by this name from now on, whichever login still waits.
        #expect(core.name == "Ada")
        hear(.loggedIn(username: "Bob", node: "n2"))
        #expect(try second.wait() == "n2")
        #expect(core.name == "Bob")
        end()
    }
}
