import ChatCore
import ChatSupport
import Glibc
import Logging
import NIOCore

/// What a node makes of its settings.
extension Configuration {
    /// The node's label in `logged_in`. A port that the system chooses is not known yet when the first
    /// loop is made; two such nodes on one host are told apart by their processes.
    var label: String {
        if let id = node.id { return id }
        let (host, port) = (listener.host, listener.port)
        return port == 0 ? "\(host):pid\(getpid())" : "\(host):\(port)"
    }

    var backendSettings: BackendSettings {
        BackendSettings(redis: redis, room: room)
    }

    /// The backend that the settings choose.
    var backend: BackendKind { .chosen(by: backendSettings) }

    /// Plans how many loops a node makes that listens on a number of addresses.
    ///
    /// Fails: if the system has too few descriptors or threads for them.
    func loopPlan(addresses: Int) throws(TooFew) -> LoopPlan {
        let need = LoopPlan.Need.ofNode(
            hasAdmin: admin.address != .none,
            backend: (backend.descriptors.each, backend.descriptors.besides),
            addresses: addresses
        )
        return try LoopPlan(asked: node.loops, cores: System.coreCount, need)
    }

    /// Returns how many loops the node makes, and logs if there is room for fewer than wanted.
    ///
    /// Fails: as `loopPlan` does.
    func loopCount(addresses: Int, _ log: Logger) throws(TooFew) -> Int {
        let plan = try loopPlan(addresses: addresses)
        if plan.isLowered {
            log.warning(
                "\(LoopPlan.lowered)",
                metadata: ["loops": "\(plan.loops)", "cores": "\(System.coreCount)"]
            )
        }
        return plan.loops
    }

    func shardSettings(
        _ state: NodeState,
        _ log: Logger
    ) -> ShardSettings {
        ShardSettings(
            rules: SessionRules(
                node: state.label,
                reservedNames: room.reservedNames.compactMap { try? Username($0) },
                rates: RateLimit.Policy(
                    messageRate: client.messageRate,
                    messageBurst: client.messageBurst,
                    byteRate: Double(client.byteRate),
                    byteBurst: Double(client.byteBurst)
                ),
                rooms: client.roomLimits,
                pingInterval: client.pingInterval
            ),
            liveness: Liveness.Policy(
                pingInterval: client.pingInterval,
                pongTimeout: client.pongTimeout
            ),
            nameLinger: client.nameLinger,
            maxMessageBytes: client.messageSize,
            handshakeTimeout: listener.handshakeTimeout,
            logins: ArrivalLimit(perSecond: listener.loginRate, burst: listener.loginBurst),
            handshakes: ArrivalLimit(
                perSecond: listener.loginRate * Limits.handshakesPerLogin,
                burst: listener.loginBurst * Limits.handshakesPerLogin
            ),
            history: room.history,
            historyAge: room.historyAge,
            admission: Admission(
                origins: OriginPolicy(allowed: listener.allowedOrigins),
                subprotocols: Dialect.subprotocols
            ),
            maxConnections: listener.maxConnections,
            isAlone: !backend.isShared,
            state: state,
            log: log
        )
    }
}

extension ClientSection {
    fileprivate var roomLimits: RoomLimits {
        RoomLimits(
            most: roomsPerClient,
            joinsPerSecond: joinRate,
            joinBurst: joinBurst,
            newRoomsPerMinute: newRoomRate,
            newRoomBurst: newRoomBurst,
            removalsPerMinute: removalRate,
            removalBurst: removalBurst
        )
    }
}

extension RoomSection {
    /// The bounds of the messages that a store keeps of each room.
    var retention: Store.Retention {
        Store.Retention(
            messages: history,
            bytes: historyBytes,
            age: historyAge,
            removalWindow: removalWindow
        )
    }
}
