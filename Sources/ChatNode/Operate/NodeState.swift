import ChatCore
import Synchronization

/// What a node tells the outside about itself. Read on every loop, changed by the control plane.
final class NodeState: Sendable {
    enum Readiness: UInt8 {
        case starting
        case ready
        case draining
    }

    /// The label in `logged_in`.
    let label: String
    private let readinessValue = Atomic<UInt8>(Readiness.starting.rawValue)
    private let connectionCount = Atomic<Int>(0)

    init(label: String) {
        self.label = label
    }

    var readiness: Readiness {
        get { Readiness(rawValue: readinessValue.load(ordering: .acquiring)) ?? .starting }
        set { readinessValue.store(newValue.rawValue, ordering: .releasing) }
    }

    /// Connections of all loops, WebSockets or not yet.
    var connections: Int { connectionCount.load(ordering: .relaxed) }

    func connected() {
        connectionCount.add(1, ordering: .relaxed)
    }

    func disconnected() {
        connectionCount.subtract(1, ordering: .relaxed)
    }
}
