@testable import ChatCore

extension RoomOutboxes {
    /// Whether no message waits or is in flight in any room.
    var isIdle: Bool { all.allSatisfy(\.outbox.isEmpty) }
}
