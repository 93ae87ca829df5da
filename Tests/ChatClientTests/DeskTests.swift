import ChatCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ChatClient

/// Which answer settles which login, on a loop that a test turns by hand.
@Suite struct DeskTests {
    private let loop = EmbeddedEventLoop()
    private let desk: Desk
    private let connection: ClientConnection
    private let inbox: Messages.Producer.NewSequence

    init() throws {
        inbox = Messages.Producer.makeSequence(
            backPressureStrategy: .init(lowWatermark: 1, highWatermark: 100),
            finishOnDeinit: true,
            delegate: InboxReader(desk: DeskBox.makeEmptyBox(valueType: Desk.self, eventLoop: loop))
        )
        desk = Desk(on: loop, inbox: inbox.source)
        connection = ClientConnection(
            url: try ChatURL("ws://h/ws"),
            settings: ClientSettings(),
            readBuffer: nil,
            generator: SystemRandomNumberGenerator(),
            delegate: desk
        )
    }

    private func hear(_ message: ServerMessage) {
        var text: [UInt8] = []
        message.encode(into: &text)
        desk.received(text.span.bytes, on: connection)
    }

    private func end() { desk.ended(connection, .cut) }

    @Test func `a name counts when the server has granted it`() throws {
        let login = desk.login("Ada")
        #expect(desk.name == "")
        hear(.loggedIn(username: "Ada", node: "n1"))
        #expect(try login.wait() == "n1")
        #expect(desk.name == "Ada")
        let second = desk.login("Bob")
        hear(.loginFailure(username: "Bob", reason: .taken, message: ""))
        #expect(throws: ChatClientError.self) { try second.wait() }
        #expect(desk.name == "Ada")
        end()
    }

    @Test func `an answer settles the login that asked, however the server writes the name`() throws
    {
        // The letter and its accent; the server writes them as one.
        let login = desk.login("Ame\u{301}lie")
        hear(.loggedIn(username: "Am\u{E9}lie", node: "n1"))
        #expect(try login.wait() == "n1")
        let bad = desk.login("no name")
        hear(.loginFailure(username: "no name", reason: .invalid, message: ""))
        #expect(throws: ChatClientError.self) { try bad.wait() }
        end()
    }

    @Test func `the late answer to one login does not settle the next`() throws {
        let first = desk.login("Ada")
        loop.advanceTime(by: .nanoseconds(Limits.loginTimeout.inNanoseconds))
        #expect(throws: ChatClientError.noAnswer(within: Limits.loginTimeout)) { try first.wait() }
        #expect(desk.name == "")
        let second = desk.login("Bob")
        hear(.loggedIn(username: "Ada", node: "n1"))
        // The server knows us so from now on, whoever still waits.
        #expect(desk.name == "Ada")
        hear(.loggedIn(username: "Bob", node: "n2"))
        #expect(try second.wait() == "n2")
        #expect(desk.name == "Bob")
        end()
    }
}
