import ChatCore
import NIOCore

/// Reaches the shards of all loops from any thread: everything that crosses between loops goes
/// through it.
///
/// Cost: one `execute` per call and loop, whatever the call carries.
struct Hub: Sendable {
    let shards: [NIOLoopBound<Shard>]

    /// Makes a shard on each loop.
    static func make(
        loops: [any EventLoop],
        shard: @escaping @Sendable (any EventLoop, Int) -> Shard
    ) async throws -> Hub {
        var shards: [NIOLoopBound<Shard>] = []
        for (index, loop) in loops.enumerated() {
            let bound = try await loop.submit {
                NIOLoopBound(shard(loop, index), eventLoop: loop)
            }.get()
            shards.append(bound)
        }
        return Hub(shards: shards)
    }

    /// The shard of the loop that this is called on.
    func shard(on loop: any EventLoop) -> Shard {
        guard let bound = shards.first(where: { $0.eventLoop === loop }) else {
            preconditionFailure("a loop without a shard")
        }
        return bound.value
    }

    /// Runs `body` on every shard's loop, without waiting for it.
    func onEach(_ body: @escaping @Sendable (Shard) -> Void) {
        for bound in shards {
            bound.eventLoop.execute { body(bound.value) }
        }
    }

    /// Takes a message back for the operator, by way of the first loop.
    func moderate(
        _ target: MessagePlace,
        in room: RoomName,
        reason: [UInt8]?
    ) -> EventLoopFuture<BrokerClient.Moderation> {
        let bound = shards[0]
        return bound.eventLoop.flatSubmit {
            bound.value.moderate(target, in: room, reason: reason)
        }
    }

    /// Runs `body` on every shard's loop and returns the answers.
    func fromEach<Answer: Sendable>(
        _ body: @escaping @Sendable (Shard) -> Answer
    ) async throws -> [Answer] {
        var answers: [Answer] = []
        for bound in shards {
            answers.append(try await bound.eventLoop.submit { body(bound.value) }.get())
        }
        return answers
    }
}
