public import ChatCore
import NIOCore

/// Everything that the server sends, but for the answers to `login` that came in time: once, in
/// order, for one reader.
///
/// A reader that pauses delays only this connection: when more than `Limits.inboxMessages` and what
/// has already been read from the socket (64 KiB) wait, the socket is not read. Then pings go
/// unanswered, a `login` gets no answer, and the server closes with 4000 or 4005 after a while. The
/// sequence ends after `close` was called; it throws `ChatClientError.ended` if the connection
/// ended otherwise. To release the sequence, read or not, closes the client.
public struct Messages: AsyncSequence, Sendable {
    typealias Producer = NIOThrowingAsyncSequenceProducer<
        HeardMessage, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark,
        InboxReader
    >

    let producer: Producer

    /// The one iterator that takes messages out.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: Producer.AsyncIterator

        /// Returns the next message; nil after `close`.
        @concurrent public mutating func next() async throws -> HeardMessage? {
            try await base.next()
        }
    }

    /// Makes the iterator for the one reader: a second call ends the process.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: producer.makeAsyncIterator())
    }
}

/// Resumes reading from the socket when messages have been taken out.
struct InboxReader: NIOAsyncSequenceProducerDelegate {
    let core: ClientCoreBox

    func produceMore() {
        core.eventLoop.execute { [core] in core.value?.connection?.setReading(true) }
    }

    /// Closes the client, because the reader has stopped.
    func didTerminate() {
        core.eventLoop.execute { [core] in _ = core.value?.close() }
    }
}

/// Gives access to a client's core from any thread.
typealias ClientCoreBox = NIOLoopBoundBox<ClientCore?>
