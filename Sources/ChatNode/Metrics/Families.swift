import ChatRedis

/// Every family of metrics that a node reports, but for the process's own (`ProcessFigures`).
extension Family {
    static let all =
        [buildInfo, ready, leaseLeft]
        + [connections, handshakes, disconnects, acceptPauses]
        + [received, published, delivered, deliveredBytes, delivery, batch, errors]
        + [presenceFrames, presenceBytes]
        + [queuedBytes, queuedMessages, blockedClients]
        + [nameClaims, claimBatch, names, namesLost]
        + [rooms, catchUps, missed]
        + [redisUp, redisConnections, redisReconnects, redisFailures, redisCalls]
        + [loopLag, loopOverdue, droppedLines]

    static let byName: [String: Family] = Dictionary(
        uniqueKeysWithValues: all.map { ($0.name, $0) }
    )

    // MARK: The node

    static let buildInfo = Family(
        "chatnode_build_info",
        .gauge,
        "Always 1; the label says which version runs."
    )
    static let ready = Family(
        "chatnode_ready",
        .gauge,
        "1 while /readyz says 200, else 0."
    )
    static let leaseLeft = Family(
        "chatnode_name_lease_seconds",
        .gauge,
        "How long the node can still prove that its names are its own; renewed every second, and at "
            + "0 nothing is said under them. Absent without Redis."
    )

    // MARK: Clients

    static let connections = Family(
        "chatnode_connections",
        .gauge,
        "Connections of clients: websocket, or http for those that are not one (yet)."
    )
    static let handshakes = Family(
        "chatnode_handshakes_total",
        .counter,
        "Requests for a WebSocket: accepted; or refused for their origin, because the node is full "
            + "or leaving, because too many came at once, or because they were invalid."
    )
    static let disconnects = Family(
        "chatnode_disconnects_total",
        .counter,
        "WebSockets that ended, by who or what ended them; lost is an end without a close frame."
    )
    static let acceptPauses = Family(
        "chatnode_accept_pauses_total",
        .counter,
        "Times that no client was accepted for a moment, because descriptors or memory had run out."
    )

    // MARK: Messages

    static let received = Family(
        "chatnode_messages_received_total",
        .counter,
        "Text messages that clients have sent, whatever they say."
    )
    static let published = Family(
        "chatnode_messages_published_total",
        .counter,
        "Chat messages of this node's clients that were settled: accepted into the room's order; "
            + "refused; lost with the sender's name; or unknown, when the name passed on first."
    )
    static let delivered = Family(
        "chatnode_messages_delivered_total",
        .counter,
        "Messages times recipients: frames of rooms handed to the sockets of clients."
    )
    static let deliveredBytes = Family(
        "chatnode_messages_delivered_bytes_total",
        .counter,
        "Bytes of these frames."
    )
    static let presenceFrames = Family(
        "chatnode_presence_frames_total",
        .counter,
        "Frames handed to the sockets of members that say who has come into a room or gone."
    )
    static let presenceBytes = Family(
        "chatnode_presence_bytes_total",
        .counter,
        "Bytes of these frames."
    )
    static let delivery = Family(
        "chatnode_delivery_seconds",
        .histogram(.seconds),
        "From when a batch of messages, of this node's clients or others', has come from the broker "
            + "until one loop has sent it to all its members of the room; one observation a broadcast. A "
            + "client whose socket is full is not waited for."
    )
    static let batch = Family(
        "chatnode_publish_batch_messages",
        .histogram(.messages),
        "Messages in one call to the broker."
    )
    static let errors = Family(
        "chatnode_errors_total",
        .counter,
        "Errors told to clients, by their code; rate_limited is a limit met."
    )

    // MARK: Queues

    static let queuedBytes = Family(
        "chatnode_queue_private_bytes",
        .gauge,
        "Bytes of answers that wait for clients who do not read. Looked at once a second."
    )
    static let queuedMessages = Family(
        "chatnode_queue_messages",
        .gauge,
        "Messages of rooms that clients are behind, all clients together. Looked at once a second."
    )
    static let blockedClients = Family(
        "chatnode_blocked_clients",
        .gauge,
        "Clients whose socket takes nothing more for now. Looked at once a second."
    )

    // MARK: Names

    static let nameClaims = Family(
        "chatnode_name_claims_total",
        .counter,
        "Logins that were answered: granted, resumed after a reconnect, or why not."
    )
    static let claimBatch = Family(
        "chatnode_claim_batch_names",
        .histogram(.messages),
        "Names in one call of claims to the broker."
    )
    static let names = Family(
        "chatnode_names",
        .gauge,
        "Names that clients of this node hold. Looked at once a second."
    )
    static let namesLost = Family(
        "chatnode_names_lost_total",
        .counter,
        "Names that passed on because this node had lost touch with the others."
    )

    // MARK: Message order

    static let rooms = Family(
        RedisMetricName.rooms,
        .gauge,
        "Rooms that the node hears or is about to: the lobby, and those that a client is in or was in "
            + "half a minute ago. Absent without Redis."
    )
    static let catchUps = Family(
        RedisMetricName.catchUps,
        .counter,
        "Times that a room was caught up from the log: when the node began to hear it, and for each "
            + "gap repaired after a cut of the subscription, a hole in the numbers or a new epoch."
    )
    static let missed = Family(
        RedisMetricName.missed,
        .counter,
        "Messages that were gone from the log before this node could catch up with them; its clients "
            + "were closed."
    )

    // MARK: Redis

    static let redisUp = Family(
        "chatnode_redis_up",
        .gauge,
        "1 while the node has all it needs of Redis, else 0. Absent without Redis."
    )
    static let redisConnections = Family(
        RedisMetricName.connections,
        .gauge,
        "Connections to Redis that are up: one for control, one for the feed, one of commands a loop."
    )
    static let redisReconnects = Family(
        RedisMetricName.reconnects,
        .counter,
        "Connections to Redis made anew, the first of each apart."
    )
    static let redisFailures = Family(
        RedisMetricName.failures,
        .counter,
        "Connections to Redis that were lost, and tries that came to nothing."
    )
    static let redisCalls = Family(
        RedisMetricName.calls,
        .histogram(.seconds),
        "From a command to its answer, the wait for the end of the loop's turn included."
    )

    // MARK: Loops

    static let loopLag = Family(
        "chatnode_loop_lag_seconds",
        .histogram(.seconds),
        "How late a loop's tick came, four times a second: what anything has to wait there."
    )
    static let loopOverdue = Family(
        "chatnode_loop_overdue_seconds",
        .gauge,
        "How late the next tick of a loop is already; more than a moment is a loop that is stuck."
    )

    // MARK: The log

    static let droppedLines = Family(
        "chatnode_log_lines_dropped_total",
        .counter,
        "Lines of the log and of the standard output that were dropped, because they were not read or "
            + "they could not be written."
    )
}
