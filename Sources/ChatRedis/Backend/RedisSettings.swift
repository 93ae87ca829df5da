import ChatCore
package import CoreMetrics
package import Logging

/// What a node's connections to Redis have in common.
package struct RedisSettings: Sendable {
    package let address: RedisAddress
    package let credentials: RedisCredentials
    package let codec: StoreCodec
    /// The node's label, told to Redis.
    package let label: String
    package let isNewCluster: Bool
    /// How long a room is heard after the last interest in it.
    package let roomLinger: Duration
    /// The most rooms that the node hears.
    package let maxRooms: Int
    package let log: Logger
    /// Makes the cells that the connections count with. Each cell is changed on one loop.
    package let metrics: any MetricsFactory

    package init(
        address: RedisAddress,
        credentials: RedisCredentials,
        codec: StoreCodec,
        label: String,
        isNewCluster: Bool,
        roomLinger: Duration = Limits.roomLinger,
        maxRooms: Int = Limits.roomsPerNode,
        log: Logger,
        metrics: any MetricsFactory
    ) {
        self.address = address
        self.credentials = credentials
        self.codec = codec
        self.label = label
        self.isNewCluster = isNewCluster
        self.roomLinger = roomLinger
        self.maxRooms = maxRooms
        self.log = log
        self.metrics = metrics
    }

    var keys: RedisKeys { codec.keys }
}
