import ChatCore
import NIOCore

/// Messages that the operator takes back.
extension Shard {
    /// Takes a message back. `reason` is a JSON string, or nil. Completes when the broker has answered, or
    /// cannot be asked.
    func moderate(
        _ target: MessagePlace,
        in room: RoomName,
        reason: [UInt8]?
    ) -> EventLoopFuture<BrokerClient.Moderation> {
        guard !isStopped else {
            return loop.makeSucceededFuture(.unavailable(reason: BrokerClient.lostTouch))
        }
        let promise = loop.makePromise(of: BrokerClient.Moderation.self)
        lastModeration += 1
        moderations[lastModeration] = promise
        updateClient {
            $0.moderate(
                target,
                in: room,
                reason: reason,
                as: lastModeration,
                using: &random,
                into: &$1
            )
        }
        return promise.futureResult
    }
}
