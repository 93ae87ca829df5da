@testable import ChatCore

extension Outbox {
    /// Nothing waits and nothing is in flight.
    var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }
}

extension Lines {
    /// The same, in any room.
    var isIdle: Bool { all.allSatisfy(\.outbox.isEmpty) }
}
