public import ChatCore
import NIOCore

/// Everything that the server says but the answers to `login` that came in time: once, in order, for
/// one reader.
///
/// Who does not read holds up the conversation, and nothing else: beyond `Limits.inboxMessages` and
/// what has been read from the socket already (64 KiB), the socket is not read. Then pings go
/// unanswered, a `login` gets no answer, and the server closes with 4000 or 4005 after a while.
/// Ends when `close` was called; throws `ChatClientError.ended` when the connection ended otherwise.
/// Who lets go of it, unread or not, closes the client.
public struct Messages: AsyncSequence, Sendable {
    typealias Producer = NIOThrowingAsyncSequenceProducer<
        HeardMessage, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark,
        InboxReader
    >

    let producer: Producer

    /// Takes messages out. There is one.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: Producer.AsyncIterator

        /// The next message; nil after `close`.
        @concurrent public mutating func next() async throws -> HeardMessage? {
            try await base.next()
        }
    }

    /// For the one reader: a second call ends the process.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: producer.makeAsyncIterator())
    }
}

/// Lets the socket be read on when messages have been taken out.
struct InboxReader: NIOAsyncSequenceProducerDelegate {
    let desk: DeskBox

    func produceMore() {
        desk.eventLoop.execute { [desk] in desk.value?.connection?.setReading(true) }
    }

    /// Nobody reads any more.
    func didTerminate() {
        desk.eventLoop.execute { [desk] in _ = desk.value?.close() }
    }
}

/// A client's desk, from anywhere.
typealias DeskBox = NIOLoopBoundBox<Desk?>
