import ChatCore
import Logging

/// The settings for every socket of a node; the same on all loops.
struct ShardSettings: Sendable {
    let rules: SessionRules
    let liveness: Liveness.Policy
    /// How long the name of a client that can come back to it is kept after its socket is gone.
    let nameLinger: Duration
    let maxMessageBytes: Int
    let handshakeTimeout: Duration
    /// How many logins each loop takes on, and how many handshakes.
    let logins: ArrivalLimit
    let handshakes: ArrivalLimit
    /// The number of messages that are kept of a room at most.
    let history: Int
    /// How much older than a room's newest message one may be that is kept of it.
    let historyAge: Duration
    let admission: Admission
    /// The most connections of the whole node; nil means as many as there are descriptors.
    let maxConnections: Int?
    /// Whether no other node has the same rooms: clients closed here can go nowhere else.
    let isAlone: Bool
    let state: NodeState
    /// Logs what an operator asks for with `--log-level debug`; nothing is logged per message.
    let log: Logger
}
