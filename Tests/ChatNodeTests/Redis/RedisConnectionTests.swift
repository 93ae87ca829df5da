import ChatCore
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import ChatNode

/// A connection that is already there, fed by hand.
@Suite struct RedisConnectionTests {
    /// A connection on an embedded channel, and what it called back, in order.
    private final class Desk {
        let channel = EmbeddedChannel()
        let connection: RedisConnection
        var heard: [String] = []

        init(before handlers: [any ChannelHandler] = []) throws {
            connection = RedisConnection(loop: channel.eventLoop)
            try channel.pipeline.syncOperations.addHandlers(handlers)
            try channel.pipeline.syncOperations.addHandler(connection)
            channel.pipeline.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1))
                .whenFailure { Issue.record("\($0)") }
            connection.onClosed = { [unowned self] in heard.append("closed: \($0)") }
            connection.onPush = { [unowned self] in heard.append("pushed: \($0.map(\.plain))") }
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

    // MARK: Commands

    @Test func `commands leave together with the flush`() throws {
        let desk = try Desk()
        desk.send("A")
        desk.send("B")
        #expect(desk.sent == "")
        desk.connection.flush()
        #expect(desk.sent == "*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n")
        #expect(desk.connection.unansweredCount == 2)
    }

    @Test func `answers come in the order of the commands, however they are cut`() throws {
        let answers = "+OK\r\n$3\r\na\r\n\r\n-ERR no\r\n*2\r\n:1\r\n$-1\r\n"
        for cut in 0...answers.utf8.count {
            let desk = try Desk()
            for name in ["A", "B", "C", "D"] { desk.send(name) }
            let bytes = Array(answers.utf8)
            desk.read(String(decoding: bytes[..<cut], as: UTF8.self))
            desk.read(String(decoding: bytes[cut...], as: UTF8.self))
            #expect(desk.heard == ["A: +OK", "B: a\r\n", "C: -ERR no", "D: [1 null]"])
            #expect(desk.connection.unansweredCount == 0)
        }
    }

    @Test func `an error is an answer, and the connection goes on`() throws {
        let desk = try Desk()
        desk.send("A")
        desk.read("-OOM command not allowed\r\n")
        #expect(desk.heard == ["A: -OOM command not allowed"])
        #expect(desk.connection.isOpen)
    }

    // MARK: The end

    @Test func `a cut fails what is unanswered, in order, then the connection`() throws {
        let desk = try Desk()
        for name in ["A", "B", "C"] { desk.send(name) }
        desk.read("+OK\r\n$10\r\nhalf")
        desk.cut()
        desk.cut()
        desk.read("+late\r\n")
        #expect(
            desk.heard == ["A: +OK", "B: failed, closed", "C: failed, closed", "closed: closed"]
        )
        #expect(!desk.channel.isActive)
        #expect(desk.connection.fault == .closed)
    }

    @Test func `a command that waits too long ends the connection`() throws {
        let desk = try Desk()
        let before = Clock.now
        desk.send("A")
        desk.send("B")
        desk.connection.tick(now: before + (Limits.redisCommandTimeout - .nanoseconds(1)))
        #expect(desk.heard == [])
        desk.read("+OK\r\n")
        desk.connection.tick(now: Clock.now + Limits.redisCommandTimeout)
        desk.connection.tick(now: .distantFuture)
        #expect(desk.heard == ["A: +OK", "B: failed, timedOut", "closed: timedOut"])
        #expect(!desk.channel.isActive)
    }

    @Test func `a connection over which nothing is said proves itself, and any answer will do`()
        throws
    {
        for answer in ["+PONG\r\n", "-MISCONF no disk\r\n"] {
            let desk = try Desk()
            desk.send("A")
            desk.connection.flush()
            desk.read("+OK\r\n")
            let before = Clock.now
            _ = desk.sent
            desk.connection.tick(now: before + (Limits.redisIdleInterval - .seconds(1)))
            #expect(desk.sent == "")
            desk.connection.tick(now: before + Limits.redisIdleInterval)
            // One is on its way, and waited for.
            desk.connection.tick(now: before + Limits.redisIdleInterval * 2)
            #expect(desk.sent == "*1\r\n$4\r\nPING\r\n")
            desk.read(answer)
            #expect(desk.connection.isOpen)
            #expect(desk.connection.unansweredCount == 0)
            #expect(desk.heard == ["A: +OK"])
        }
    }

    @Test func `a connection that does not prove itself is over`() throws {
        let desk = try Desk()
        desk.connection.tick(now: Clock.now + Limits.redisIdleInterval)
        desk.connection.tick(now: Clock.now + Limits.redisCommandTimeout)
        #expect(desk.heard == ["closed: timedOut"])
    }

    @Test func `a subscriber says nothing by itself`() throws {
        let desk = try Desk()
        desk.connection.subscribe([[0x61]])
        desk.connection.flush()
        _ = desk.sent
        desk.connection.tick(now: .distantFuture)
        #expect(desk.sent == "")
        #expect(desk.connection.isOpen)
    }

    @Test func `bytes that are not Redis's end the connection, after what came before`() throws {
        let desk = try Desk()
        desk.send("A")
        desk.send("B")
        desk.read("+OK\r\n\u{1}nonsense\r\n")
        let fault = RedisFault.notRedis(
            .said(#"Protocol error, got "\\x01" as reply type byte"#)
        )
        #expect(desk.connection.fault == fault)
        #expect(desk.heard == ["A: +OK", "B: failed, \(fault)", "closed: \(fault)"])
    }

    @Test func `the first bytes that are not Redis's are told, safe to print`() throws {
        let desk = try Desk()
        desk.send("A")
        desk.read("HTTP/1.1 400 B\u{1B}[2J\r\nServer: x\r\n")
        #expect(desk.connection.fault == .notRedis(.said(#"HTTP/1.1 400 B\u{1b}[2J"#)))
    }

    @Test func `an answer that nobody asked for ends the connection`() throws {
        let desk = try Desk()
        desk.read("+OK\r\n")
        #expect(desk.connection.fault == .notRedis(.said("+OK")))
        let refused = try Desk()
        refused.read("-ERR max number of clients reached\r\n")
        #expect(refused.heard == ["closed: maxClients"])
    }

    @Test func `who closes is not called any more`() throws {
        let desk = try Desk()
        desk.send("A")
        desk.connection.close()
        desk.connection.close()
        desk.connection.fail(.timedOut)
        desk.cut()
        desk.channel.embeddedEventLoop.run()
        #expect(desk.heard == [])
        #expect(!desk.channel.isActive)
    }

    @Test func `a command on a connection that is over fails, but not at once`() throws {
        let desk = try Desk()
        desk.cut()
        desk.send("A")
        desk.connection.flush()
        #expect(desk.heard == ["closed: closed"])
        desk.channel.embeddedEventLoop.run()
        #expect(desk.heard == ["closed: closed", "A: failed, closed"])
        #expect(desk.sent == "")
    }

    // MARK: Callbacks that call

    @Test func `an answer may lead to a command, which comes behind the others`() throws {
        let desk = try Desk()
        desk.send("A") {
            desk.send("C")
            desk.connection.flush()
        }
        desk.send("B")
        desk.read("+1\r\n+2\r\n+3\r\n")
        #expect(desk.heard == ["A: +1", "B: +2", "C: +3"])
    }

    @Test func `an answer may close the connection`() throws {
        let desk = try Desk()
        desk.send("A") { desk.connection.close() }
        desk.send("B")
        desk.read("+1\r\n+2\r\n")
        desk.channel.embeddedEventLoop.run()
        #expect(desk.heard == ["A: +1"])
    }

    @Test func `an answer may end the connection as failed`() throws {
        let desk = try Desk()
        desk.send("A") { desk.connection.fail(.readOnly) }
        desk.send("B")
        desk.read("+1\r\n+2\r\n")
        #expect(desk.heard == ["A: +1", "B: failed, readOnly", "closed: readOnly"])
    }

    @Test func `a failure may close the connection, and the rest is not called`() throws {
        let desk = try Desk()
        desk.send("A") { desk.connection.close() }
        desk.send("B")
        desk.cut()
        #expect(desk.heard == ["A: failed, closed"])
    }

    @Test func `a failure may lead to a command, which fails later`() throws {
        let desk = try Desk()
        desk.send("A") { desk.send("B") }
        desk.cut()
        desk.channel.embeddedEventLoop.run()
        #expect(desk.heard == ["A: failed, closed", "closed: closed", "B: failed, closed"])
    }

    @Test func `a connection that its callback lets go of lives until it is closed`() throws {
        let channel = EmbeddedChannel()
        var connection: RedisConnection? = RedisConnection(loop: channel.eventLoop)
        weak let watched = connection
        try channel.pipeline.syncOperations.addHandler(try #require(connection))
        var heard = 0
        connection?.onClosed = { _ in heard += 1 }
        connection?.send([[0x41]]) { _ in
            connection = nil
            heard += 1
        }
        channel.pipeline.fireChannelRead(ByteBuffer(string: "+1\r\n"))
        #expect(connection == nil)
        #expect(watched != nil)
        channel.pipeline.fireChannelInactive()
        #expect(heard == 2)
        _ = try? channel.finish()
        channel.embeddedEventLoop.run()
        #expect(watched == nil)
    }

    /// Does on a flush what a socket does whose write fails: reads what is left, then closes.
    private final class FailingSocket: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        func flush(context: ChannelHandlerContext) {
            context.fireChannelRead(NIOAny(ByteBuffer(string: "+last words\r\n")))
            context.fireChannelReadComplete()
            context.fireChannelInactive()
        }
    }

    @Test func `a flush that fails calls nobody back before it returns`() throws {
        let desk = try Desk(before: [FailingSocket()])
        desk.send("A")
        desk.send("B")
        desk.connection.flush()
        #expect(desk.heard == [])
        desk.channel.embeddedEventLoop.run()
        #expect(desk.heard == ["A: +last words", "B: failed, closed", "closed: closed"])
    }

    @Test func `a flush that fails under an answer keeps the order`() throws {
        let desk = try Desk(before: [FailingSocket()])
        desk.send("A") {
            desk.connection.flush()
            desk.heard.append("flushed")
        }
        for name in ["B", "C", "D"] { desk.send(name) }
        desk.read("+1\r\n+2\r\n")
        #expect(
            desk.heard == [
                "A: +1", "flushed", "B: +2", "C: +last words", "D: failed, closed",
                "closed: closed",
            ]
        )
    }

    // MARK: Pushes

    @Test func `what one read pushes comes together`() throws {
        let desk = try Desk()
        desk.connection.subscribe([Array("a".utf8), Array("b".utf8)])
        desk.connection.flush()
        #expect(desk.sent == "*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n")
        let message = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"
        desk.read("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n\(message)", "\(message)*3\r\n$7\r\n")
        #expect(desk.heard == [#"pushed: ["[subscribe a 1]", "[message a x]", "[message a x]"]"#])
        desk.read("message\r\n$1\r\na\r\n$1\r\ny\r\n")
        #expect(desk.heard.dropFirst() == [#"pushed: ["[message a y]"]"#])
        desk.read()
        #expect(desk.heard.count == 2)
    }

    @Test func `commands before the subscription are answered as such`() throws {
        let desk = try Desk()
        desk.send("A")
        desk.connection.subscribe([[0x61]])
        desk.read("+OK\r\n-NOPERM no\r\n")
        #expect(desk.heard == ["A: +OK", #"pushed: ["-NOPERM no"]"#])
        #expect(desk.connection.isOpen)
    }

    @Test func `what was pushed before the end is heard before it`() throws {
        let desk = try Desk()
        desk.connection.subscribe([[0x61]])
        desk.channel.pipeline.fireChannelRead(ByteBuffer(string: ":1\r\n:2\r\n"))
        desk.cut()
        #expect(desk.heard == [#"pushed: ["1", "2"]"#, "closed: closed"])
    }

    @Test func `a push may close the connection`() throws {
        let desk = try Desk()
        desk.connection.subscribe([[0x61]])
        desk.connection.onPush = { _ in
            desk.heard.append("pushed")
            desk.connection.close()
        }
        desk.read(":1\r\n")
        desk.read(":2\r\n")
        desk.cut()
        #expect(desk.heard == ["pushed"])
    }

    @Test func `no longer listening to nothing does not end all listening`() throws {
        let desk = try Desk()
        desk.connection.subscribe([[0x61]])
        desk.connection.unsubscribe([])
        desk.connection.unsubscribe([[0x61]])
        desk.connection.flush()
        let words = desk.sent.split(separator: "\r\n").filter { !"*$".contains($0.prefix(1)) }
        #expect(words == ["SUBSCRIBE", "a", "UNSUBSCRIBE", "a"])
    }

    // MARK: Anything

    @Test func `whatever happens, each command is settled once, in order`() throws {
        var random = SplitMix(seed: Seed.value)
        for round in 0..<2000 {
            let desk = try Desk()
            var asked = 0
            var settled: [Int] = []
            func ask() {
                let number = asked
                asked += 1
                desk.connection.send([[0x41]]) { _ in
                    settled.append(number)
                    guard number < 50 else { return }
                    switch random.below(12) {
                    case 0: ask()
                    case 1: desk.connection.flush()
                    case 2: desk.connection.fail(.busy)
                    default: break
                    }
                }
            }
            for _ in 0..<random.below(40) {
                switch random.below(8) {
                case 0...2: ask()
                case 3...4 where desk.connection.unansweredCount > 0:
                    let count = 1 + random.below(desk.connection.unansweredCount)
                    desk.read(String(repeating: ":1\r\n", count: count))
                case 5: desk.connection.flush()
                case 6 where random.below(10) == 0: desk.cut()
                case 7 where random.below(10) == 0: desk.connection.tick(now: .distantFuture)
                default: break
                }
            }
            desk.cut()
            desk.channel.embeddedEventLoop.run()
            #expect(settled == Array(0..<asked), "round \(round), seed \(Seed.value)")
            #expect(desk.heard.count == 1)
        }
    }
}
