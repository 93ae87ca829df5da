@testable import ChatCore

extension BrokerClientTests.BrokerClientHarness {
    /// Has socket 1 say messages in one turn. The tag is the first one's.
    func say(_ texts: String..., in room: RoomName = .lobby, tag: DraftTag = .none) {
        ask { client, effects in
            for (index, text) in texts.enumerated() {
                let draft = Draft(
                    sender: id(1),
                    room: room,
                    body: Array(text.utf8),
                    tag: tag.advanced(by: index)
                )
                client.publish(draft, now: now, into: &effects)
            }
        }
    }

    /// A loop whose link was cut and is back after its socket has said two messages in one call.
    static func cut(
        for time: Duration = .zero,
        in room: RoomName = .lobby,
        _ tag: DraftTag = .none
    ) throws -> Self {
        let harness = Self()
        if room != .lobby { harness.open(room) }
        try harness.hold(1, "Ada")
        harness.say("a", "b", in: room, tag: tag)
        _ = harness.takeCalls()
        harness.linkLost()
        harness.now = harness.now + time
        harness.linkUp()
        return harness
    }
}
