import ChatCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ChatRedis

/// Has a connection on an embedded channel, and notes in order what it calls back.
final class RedisConnectionHarness: RedisConnectionDelegate {
    let channel = EmbeddedChannel()
    let connection: RedisConnection
    var heard: [String] = []
    /// How many answers it was told of.
    private(set) var answeredCount = 0
    /// What a test does when something is pushed.
    var whenPushed: () -> Void = {}

    init(before handlers: [any ChannelHandler] = []) throws {
        connection = RedisConnection(loop: channel.eventLoop)
        try channel.pipeline.syncOperations.addHandlers(handlers)
        try channel.pipeline.syncOperations.addHandler(connection)
        channel.pipeline.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1))
            .whenFailure { Issue.record("\($0)") }
        connection.delegate = self
    }

    func answered(_ connection: RedisConnection, sent: Instant, now: Instant) {
        answeredCount += 1
    }

    func pushed(_ connection: RedisConnection, _ values: [RespValue]) {
        heard.append("pushed: \(values.map(\.plain))")
        whenPushed()
    }

    func isOver(_ connection: RedisConnection, _ fault: RedisFault) {
        heard.append("closed: \(fault)")
    }

    func send(_ name: String, then: @escaping () -> Void = {}) {
        connection.send([Array(name.utf8)]) { [unowned self] in
            heard.append("\(name): \($0.plain)")
            then()
        }
    }

    /// One read of the channel, in pieces.
    func read(_ pieces: String...) {
        for piece in pieces { channel.pipeline.fireChannelRead(ByteBuffer(string: piece)) }
        channel.pipeline.fireChannelReadComplete()
    }

    func cut() { channel.pipeline.fireChannelInactive() }

    var sent: String {
        var text = ""
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: buffer)
        }
        return text
    }
}
