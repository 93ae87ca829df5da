import Testing

@testable import ChatCore

/// Tests what a session does with requests and answers that the plain dialect does not have; what
/// it has is tested through it, in `PlainSessionTests`.
@Suite struct SessionTests {
    private static let rules = SessionRules(node: "n1", rates: .unlimited)
    private var session = Session(id: SocketID(slot: 1, generation: 2), rules: rules)

    /// Logs in as Ada.
    private mutating func logIn() {
        let effects = take(.claim(), name: "Ada")
        guard case .claim(let username) = effects.first else {
            Issue.record("no claim in \(effects)")
            return
        }
        #expect(username.display == "Ada")
        var answers: [Session.Effect] = []
        session.take(.claimed(.granted()), into: &answers)
        #expect(answers.count == 1)
    }

    /// Hands a request to the session. In its text the name comes first, then `7`.
    private mutating func take(
        _ action: Session.Request.Action,
        name: String?
    ) -> [Session.Effect] {
        var effects: [Session.Effect] = []
        let text = Array("\(name ?? "")7".utf8)
        let place = name.map { JSONString(range: 0..<$0.utf8.count, hasEscapes: false) }
        session.receive(
            Session.Request(action, name: place),
            in: text.span.bytes,
            now: Instant(nanoseconds: 1),
            into: &effects
        )
        return effects
    }

    @Test mutating func `a request without a name is in the name held`() {
        logIn()
        let said = take(.say(value: 0..<1), name: nil)
        guard case .publish(let draft) = said.first else {
            Issue.record("no message in \(said)")
            return
        }
        let body = #"{"type":"chat","username":"Ada","value":7}"#
        #expect(String(decoding: draft.body, as: UTF8.self) == body)
    }

    @Test mutating func `a request without a name needs a login all the same`() {
        let effects = take(.say(value: 0..<1), name: nil)
        guard case .tell(.refused(.notLoggedIn, name: nil, about: nil)) = effects.first else {
            Issue.record("no refusal in \(effects)")
            return
        }
        #expect(effects.count == 1)
    }

    @Test mutating func `the former name is free after a change whose new name was lost meanwhile`()
        throws
    {
        logIn()
        guard case .claim(let grace) = take(.claim(), name: "Grace").first else {
            Issue.record("no claim")
            return
        }
        var effects: [Session.Effect] = []
        session.take(.claimed(.granted()), into: &effects)
        guard case .release(let ada, .delete) = effects.last else {
            Issue.record("no release in \(effects)")
            return
        }
        #expect(ada.display == "Ada")
        #expect(session.heldKey == "grace")
        session.take(.nameLost(grace, isReplaced: false), into: &effects)
        #expect(session.heldKey == nil)
        session.take(.released, into: &effects)
        effects = []
        session.socketClosed(into: &effects)
        guard case .finished = effects.first else {
            Issue.record("not the end: \(effects)")
            return
        }
    }

    @Test mutating func `a name lost while another is claimed is not given up afterwards`() throws {
        logIn()
        let ada = try Username("Ada")
        _ = take(.claim(), name: "Grace")
        var effects: [Session.Effect] = []
        session.take(.nameLost(ada, isReplaced: false), into: &effects)
        effects = []
        session.take(.claimed(.granted()), into: &effects)
        #expect(effects.count == 1)
        #expect(session.heldKey == "grace")
    }

    @Test
    mutating func `a claim that nothing waits for any more is cancelled, and ends the session`() {
        _ = take(.claim(), name: "Ada")
        var effects: [Session.Effect] = []
        session.socketClosed(into: &effects)
        guard case .cancelClaim = effects.first, effects.count == 1 else {
            Issue.record("no cancelling: \(effects)")
            return
        }
        effects = []
        session.take(.claimed(.cancelled), into: &effects)
        // Nothing is told or released.
        guard case .finished = effects.first, effects.count == 1 else {
            Issue.record("not the end: \(effects)")
            return
        }
    }

    @Test mutating func `a claim is not cancelled while a message waits for its name`() {
        _ = take(.claim(), name: "Ada")
        _ = take(.say(value: 0..<1), name: nil)
        var effects: [Session.Effect] = []
        session.socketClosed(into: &effects)
        #expect(effects.isEmpty)
        session.take(.claimed(.granted()), into: &effects)
        guard case .publish = effects.last else {
            Issue.record("no message in \(effects)")
            return
        }
    }

    @Test func `an idle client's session is small`() {
        #expect(MemoryLayout<Session>.stride <= 112)
    }
}
