import ChatCore
import Logging

/// What holds for every socket of a node; the same on all loops.
struct ShardSettings: Sendable {
    let rules: SessionRules
    let liveness: Liveness.Policy
    let maxMessageBytes: Int
    let handshakeTimeout: Duration
    let origins: OriginPolicy
    /// Connections of the whole node; nil means as many as there are descriptors.
    let maxConnections: Int?
    /// No other node has the same rooms: who is closed here can go nowhere else.
    let isAlone: Bool
    let state: NodeState
    /// For what an operator asks for with `--log-level debug`; nothing is logged per message.
    let log: Logger
}
