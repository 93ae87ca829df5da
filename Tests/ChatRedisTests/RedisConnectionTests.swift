import ChatCore
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import ChatRedis
@testable import ChatSupport

/// A connection that is already there, fed by hand.
@Suite struct RedisConnectionTests {
    // MARK: Commands

    @Test func `commands leave together with the flush`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A")
        harness.send("B")
        #expect(harness.sent == "")
        harness.connection.flush()
        #expect(harness.sent == "*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n")
        #expect(harness.connection.unansweredCount == 2)
    }

    @Test func `answers come in the order of the commands, however they are cut`() throws {
        let answers = "+OK\r\n$3\r\na\r\n\r\n-ERR no\r\n*2\r\n:1\r\n$-1\r\n"
        for cut in 0...answers.utf8.count {
            let harness = try RedisConnectionHarness()
            for name in ["A", "B", "C", "D"] { harness.send(name) }
            let bytes = Array(answers.utf8)
            harness.read(String(decoding: bytes[..<cut], as: UTF8.self))
            harness.read(String(decoding: bytes[cut...], as: UTF8.self))
            #expect(harness.heard == ["A: +OK", "B: a\r\n", "C: -ERR no", "D: [1 null]"])
            #expect(harness.connection.unansweredCount == 0)
        }
    }

    @Test func `an error is an answer, and the connection goes on`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A")
        harness.read("-OOM command not allowed\r\n")
        #expect(harness.heard == ["A: -OOM command not allowed"])
        #expect(harness.connection.isOpen)
    }

    // MARK: The end

    @Test func `a cut fails what is unanswered, in order, then the connection`() throws {
        let harness = try RedisConnectionHarness()
        for name in ["A", "B", "C"] { harness.send(name) }
        harness.read("+OK\r\n$10\r\nhalf")
        harness.cut()
        harness.cut()
        harness.read("+late\r\n")
        #expect(
            harness.heard == ["A: +OK", "B: failed, closed", "C: failed, closed", "closed: closed"]
        )
        #expect(!harness.channel.isActive)
        #expect(harness.connection.fault == .closed)
    }

    @Test func `a command that waits too long ends the connection`() throws {
        let harness = try RedisConnectionHarness()
        let before = Clock.now
        harness.send("A")
        harness.send("B")
        harness.connection.tick(now: before + (Limits.redisCommandTimeout - .nanoseconds(1)))
        #expect(harness.heard == [])
        harness.read("+OK\r\n")
        harness.connection.tick(now: Clock.now + Limits.redisCommandTimeout)
        harness.connection.tick(now: .distantFuture)
        #expect(harness.heard == ["A: +OK", "B: failed, timedOut", "closed: timedOut"])
        #expect(!harness.channel.isActive)
    }

    @Test func `a connection over which nothing is said proves itself, and any answer will do`()
        throws
    {
        for answer in ["+PONG\r\n", "-MISCONF no disk\r\n"] {
            let harness = try RedisConnectionHarness()
            let start = Clock.now
            harness.send("A")
            harness.connection.flush()
            harness.read("+OK\r\n")
            let (before, _) = (Clock.now, harness.sent)
            harness.connection.tick(now: start + (Limits.redisIdleInterval - .nanoseconds(1)))
            #expect(harness.sent == "")
            harness.connection.tick(now: before + Limits.redisIdleInterval)
            // One is on its way, and waited for.
            harness.connection.tick(now: before + Limits.redisIdleInterval * 2)
            #expect(harness.sent == "*1\r\n$4\r\nPING\r\n")
            harness.read(answer)
            #expect(harness.connection.isOpen)
            #expect(harness.connection.unansweredCount == 0)
            #expect(harness.heard == ["A: +OK"])
            // The PING is not counted.
            #expect(harness.answeredCount == 1)
        }
    }

    @Test func `a connection that does not prove itself is over`() throws {
        let harness = try RedisConnectionHarness()
        harness.connection.tick(now: Clock.now + Limits.redisIdleInterval)
        harness.connection.tick(now: Clock.now + Limits.redisCommandTimeout)
        #expect(harness.heard == ["closed: timedOut"])
    }

    @Test func `a subscriber says nothing by itself`() throws {
        let harness = try RedisConnectionHarness()
        harness.connection.subscribe([[0x61]])
        harness.connection.flush()
        _ = harness.sent
        harness.connection.tick(now: .distantFuture)
        #expect(harness.sent == "")
        #expect(harness.connection.isOpen)
    }

    @Test func `bytes that are not Redis's end the connection, after what came before`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A")
        harness.send("B")
        harness.read("+OK\r\n\u{1}nonsense\r\n")
        let fault = RedisFault.notRedis(
            .said(#"Protocol error, got "\\x01" as reply type byte"#)
        )
        #expect(harness.connection.fault == fault)
        #expect(harness.heard == ["A: +OK", "B: failed, \(fault)", "closed: \(fault)"])
    }

    @Test func `the first bytes that are not Redis's are told, safe to print`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A")
        harness.read("HTTP/1.1 400 B\u{1B}[2J\r\nServer: x\r\n")
        #expect(harness.connection.fault == .notRedis(.said(#"HTTP/1.1 400 B\u{1b}[2J"#)))
    }

    @Test func `an answer that nobody asked for ends the connection`() throws {
        let harness = try RedisConnectionHarness()
        harness.read("+OK\r\n")
        #expect(harness.connection.fault == .notRedis(.said("+OK")))
        let refused = try RedisConnectionHarness()
        refused.read("-ERR max number of clients reached\r\n")
        #expect(refused.heard == ["closed: maxClients"])
    }

    @Test func `who closes is not called any more`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A")
        harness.connection.close()
        harness.connection.close()
        harness.connection.fail(.timedOut)
        harness.cut()
        harness.channel.embeddedEventLoop.run()
        #expect(harness.heard == [])
        #expect(!harness.channel.isActive)
    }

    @Test func `a command on a connection that is over fails, but not at once`() throws {
        let harness = try RedisConnectionHarness()
        harness.cut()
        harness.send("A")
        harness.connection.flush()
        #expect(harness.heard == ["closed: closed"])
        harness.channel.embeddedEventLoop.run()
        #expect(harness.heard == ["closed: closed", "A: failed, closed"])
        #expect(harness.sent == "")
    }

    // MARK: Callbacks that call

    @Test func `an answer may lead to a command, which comes behind the others`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A") {
            harness.send("C")
            harness.connection.flush()
        }
        harness.send("B")
        harness.read("+1\r\n+2\r\n+3\r\n")
        #expect(harness.heard == ["A: +1", "B: +2", "C: +3"])
    }

    @Test func `an answer may close the connection`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A") { harness.connection.close() }
        harness.send("B")
        harness.read("+1\r\n+2\r\n")
        harness.channel.embeddedEventLoop.run()
        #expect(harness.heard == ["A: +1"])
    }

    @Test func `an answer may end the connection as failed`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A") { harness.connection.fail(.readOnly) }
        harness.send("B")
        harness.read("+1\r\n+2\r\n")
        #expect(harness.heard == ["A: +1", "B: failed, readOnly", "closed: readOnly"])
    }

    @Test func `a failure may close the connection, and the rest is not called`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A") { harness.connection.close() }
        harness.send("B")
        harness.cut()
        #expect(harness.heard == ["A: failed, closed"])
    }

    @Test func `a failure may lead to a command, which fails later`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A") { harness.send("B") }
        harness.cut()
        harness.channel.embeddedEventLoop.run()
        #expect(harness.heard == ["A: failed, closed", "closed: closed", "B: failed, closed"])
    }

    /// Counts what it hears.
    private final class Owner: RedisConnectionDelegate {
        var heard = 0

        func isOver(_ connection: RedisConnection, _ fault: RedisFault) { heard += 1 }
    }

    @Test func `a connection that its callback lets go of lives until it is closed`() throws {
        let channel = EmbeddedChannel()
        var connection: RedisConnection? = RedisConnection(loop: channel.eventLoop)
        weak let watched = connection
        try channel.pipeline.syncOperations.addHandler(try #require(connection))
        let owner = Owner()
        connection?.delegate = owner
        connection?.send([[0x41]]) { _ in
            connection = nil
            owner.heard += 1
        }
        channel.pipeline.fireChannelRead(ByteBuffer(string: "+1\r\n"))
        #expect(connection == nil)
        #expect(watched != nil)
        channel.pipeline.fireChannelInactive()
        #expect(owner.heard == 2)
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
        let harness = try RedisConnectionHarness(before: [FailingSocket()])
        harness.send("A")
        harness.send("B")
        harness.connection.flush()
        #expect(harness.heard == [])
        harness.channel.embeddedEventLoop.run()
        #expect(harness.heard == ["A: +last words", "B: failed, closed", "closed: closed"])
    }

    @Test func `a flush that fails under an answer keeps the order`() throws {
        let harness = try RedisConnectionHarness(before: [FailingSocket()])
        harness.send("A") {
            harness.connection.flush()
            harness.heard.append("flushed")
        }
        for name in ["B", "C", "D"] { harness.send(name) }
        harness.read("+1\r\n+2\r\n")
        #expect(
            harness.heard == [
                "A: +1", "flushed", "B: +2", "C: +last words", "D: failed, closed",
                "closed: closed",
            ]
        )
    }

    // MARK: Pushes

    @Test func `what one read pushes comes together`() throws {
        let harness = try RedisConnectionHarness()
        harness.connection.subscribe([Array("a".utf8), Array("b".utf8)])
        harness.connection.flush()
        #expect(harness.sent == "*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n")
        let message = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"
        harness.read(
            "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n\(message)",
            "\(message)*3\r\n$7\r\n"
        )
        #expect(
            harness.heard == [#"pushed: ["[subscribe a 1]", "[message a x]", "[message a x]"]"#]
        )
        harness.read("message\r\n$1\r\na\r\n$1\r\ny\r\n")
        #expect(harness.heard.dropFirst() == [#"pushed: ["[message a y]"]"#])
        harness.read()
        #expect(harness.heard.count == 2)
    }

    @Test func `commands before the subscription are answered as such`() throws {
        let harness = try RedisConnectionHarness()
        harness.send("A")
        harness.connection.subscribe([[0x61]])
        harness.read("+OK\r\n-NOPERM no\r\n")
        #expect(harness.heard == ["A: +OK", #"pushed: ["-NOPERM no"]"#])
        #expect(harness.connection.isOpen)
    }

    @Test func `what was pushed before the end is heard before it`() throws {
        let harness = try RedisConnectionHarness()
        harness.connection.subscribe([[0x61]])
        harness.channel.pipeline.fireChannelRead(ByteBuffer(string: ":1\r\n:2\r\n"))
        harness.cut()
        #expect(harness.heard == [#"pushed: ["1", "2"]"#, "closed: closed"])
    }

    @Test func `a push may close the connection`() throws {
        let harness = try RedisConnectionHarness()
        harness.connection.subscribe([[0x61]])
        harness.whenPushed = { [unowned harness] in harness.connection.close() }
        harness.read(":1\r\n")
        harness.read(":2\r\n")
        harness.cut()
        #expect(harness.heard == [#"pushed: ["1"]"#])
    }

    @Test func `no longer listening to nothing does not end all listening`() throws {
        let harness = try RedisConnectionHarness()
        harness.connection.subscribe([[0x61]])
        harness.connection.unsubscribe([])
        harness.connection.unsubscribe([[0x61]])
        harness.connection.flush()
        let words = harness.sent.split(separator: "\r\n").filter { !"*$".contains($0.prefix(1)) }
        #expect(words == ["SUBSCRIBE", "a", "UNSUBSCRIBE", "a"])
    }

    // MARK: Anything

    @Test func `whatever happens, each command is settled once, in order`() throws {
        var random = SplitMix(seed: Seed.value)
        for round in 0..<2000 {
            let harness = try RedisConnectionHarness()
            var asked = 0
            var settled: [Int] = []
            func ask() {
                let number = asked
                asked += 1
                harness.connection.send([[0x41]]) { _ in
                    settled.append(number)
                    guard number < 50 else { return }
                    switch random.below(12) {
                    case 0: ask()
                    case 1: harness.connection.flush()
                    case 2: harness.connection.fail(.busy)
                    default: break
                    }
                }
            }
            for _ in 0..<random.below(40) {
                switch random.below(8) {
                case 0...2: ask()
                case 3...4 where harness.connection.unansweredCount > 0:
                    let count = 1 + random.below(harness.connection.unansweredCount)
                    harness.read(String(repeating: ":1\r\n", count: count))
                case 5: harness.connection.flush()
                case 6 where random.below(10) == 0: harness.cut()
                case 7 where random.below(10) == 0: harness.connection.tick(now: .distantFuture)
                default: break
                }
            }
            harness.cut()
            harness.channel.embeddedEventLoop.run()
            #expect(settled == Array(0..<asked), "round \(round), seed \(Seed.value)")
            #expect(harness.heard.count == 1)
        }
    }
}
