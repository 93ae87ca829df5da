import ChatCore
import Logging

/// What a node's connections to Redis have in common.
struct RedisSettings: Sendable {
    let address: RedisAddress
    let credentials: RedisCredentials
    let codec: StoreCodec
    /// The node's label, told to Redis.
    let label: String
    let isNewCluster: Bool
    let log: Logger
    let metrics: MetricsRegistry

    var keys: RedisKeys { codec.keys }
}
