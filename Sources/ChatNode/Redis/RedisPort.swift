import ChatCore
import NIOCore

/// One loop's way to Redis: what its sessions ask for, over a connection of its own, in order.
///
/// On: its loop.
final class RedisPort: Broker {
    private let link: RedisLink
    private let settings: RedisSettings
    private let highest: RedisHighest
    /// Tells the control plane that another reign was met, of that epoch at least.
    private let onDoubt: (UInt64) -> Void
    private weak var shard: Shard?
    /// Hears that Redis is well but turns calls away, and, with nil, that it takes them again.
    private var onRefusal: ((RedisFault?) -> Void)?
    private var isRefused = false

    init(
        loop: any EventLoop,
        settings: RedisSettings,
        highest: RedisHighest,
        onDoubt: @escaping (UInt64) -> Void
    ) {
        link = RedisLink(loop: loop, settings: settings, purpose: .commands)
        self.settings = settings
        self.highest = highest
        self.onDoubt = onDoubt
    }

    /// Begins to connect. Not before the control plane knows what reigns: it is the one that may
    /// begin an empty data set.
    func start(
        for shard: Shard,
        onChange: @escaping (_ isThere: Bool, RedisFault?) -> Void,
        onRefusal: @escaping (RedisFault?) -> Void
    ) {
        self.shard = shard
        self.onRefusal = onRefusal
        link.onUp = { [weak self] in self?.fence(on: $0, then: onChange) }
        link.onDown = { [weak self] fault in
            self?.shard?.linkLost(fault.sentence)
            onChange(false, fault)
        }
        link.start()
    }

    func stop() {
        link.stop()
    }

    /// Another primary, or other data, must show itself before anything is asked of it.
    private func fence(
        on connection: RedisConnection,
        then onChange: @escaping (_ isThere: Bool, RedisFault?) -> Void
    ) {
        let seen = highest.reign
        let call = FenceCall(
            highestEpoch: seen.epoch,
            highestDataSet: seen.dataSet,
            highestFence: highest.fence,
            isNewCluster: false
        )
        let codec = settings.codec
        // Nothing has been asked for any session yet: who is turned away here starts over.
        let refused = { [weak connection] (fault: RedisFault) -> Void in connection?.fail(fault) }
        connection.ask(codec.words(call), codec.fenceAnswer, refused: refused) {
            [weak self, weak connection] answer in
            guard let self else { return }
            guard case .reign(let reign, _) = answer else {
                // The control plane meets the same, and ends the process.
                connection?.fail(.other("the data is of another version"))
                return
            }
            if reign.epoch > highest.reign.epoch {
                highest.saw(reign)
                onDoubt(reign.epoch)
            }
            shard?.linkUp()
            onChange(true, nil)
        }
        connection.flush()
    }

    // MARK: Broker

    func send(_ call: BrokerCall) {
        guard let connection = link.connection else { return }
        let codec = settings.codec
        switch call {
        case .claim(let claim):
            ask(connection, codec.words(claim), codec.claimAnswer) { [weak self] answer in
                if case .granted(let grant) = answer { self?.highest.saw(fence: grant.fence) }
                self?.shard?.answered(.claim(answer))
            }
        case .release(let release):
            // Taken also where others are turned away, so that it says nothing about that.
            let refused = { [weak self] (fault: RedisFault) -> Void in
                self?.shard?.answered(.refused(reason: fault.sentence))
            }
            connection.ask(codec.words(release), codec.releaseAnswer, refused: refused) {
                [weak self] _ in self?.shard?.answered(.released)
            }
        case .publish(let call):
            let read = { (reply: RespValue) throws(StoreReplyError) in
                try codec.publishAnswer(reply, count: call.drafts.count)
            }
            ask(connection, codec.words(call), read) { [weak self] answer in
                self?.shard?.answered(.publish(answer))
            }
        }
    }

    func endTurn() {
        link.connection?.flush()
    }

    func doubtStanding() {
        onDoubt(highest.reign.epoch)
    }

    private func ask<Answer>(
        _ connection: RedisConnection,
        _ words: RedisCommand,
        _ read: @escaping (RespValue) throws(StoreReplyError) -> Answer,
        _ then: @escaping (Answer) -> Void
    ) {
        connection.ask(
            words,
            read,
            refused: { [weak self] fault in
                self?.note(refusal: fault)
                self?.shard?.answered(.refused(reason: fault.sentence))
            },
            { [weak self] answer in
                self?.note(refusal: nil)
                then(answer)
            }
        )
    }

    private func note(refusal: RedisFault?) {
        guard isRefused != (refusal != nil) else { return }
        isRefused = refusal != nil
        onRefusal?(refusal)
    }
}

extension RedisConnection {
    /// Asks for something and reads the answer. Where Redis has turned it away before writing
    /// anything, `refused` is called instead; anything that is not an answer, and what shows that
    /// this is the wrong Redis, ends the connection, and what else had been asked over it is unknown.
    func ask<Answer>(
        _ words: RedisCommand,
        _ read: @escaping (RespValue) throws(StoreReplyError) -> Answer,
        refused: @escaping (RedisFault) -> Void,
        _ then: @escaping (Answer) -> Void
    ) {
        send(words) { [weak self] result in
            // Without an answer, the owner hears that the connection is gone.
            guard case .success(let reply) = result else { return }
            if let complaint = reply.complaint {
                let fault = RedisFault(error: complaint)
                if fault.hasWrittenNothing { refused(fault) }
                if !fault.isOfThisCall { self?.fail(fault) }
                return
            }
            do throws(StoreReplyError) {
                then(try read(reply))
            } catch {
                self?.fail(.other("\(error)"))
            }
        }
    }
}

extension RedisFault {
    /// Redis has turned this call away before it wrote anything.
    fileprivate var hasWrittenNothing: Bool {
        switch self {
        case .outOfMemory, .misconf, .readOnly: true
        default: false
        }
    }

    /// Redis is well, and another connection would be told the same.
    fileprivate var isOfThisCall: Bool {
        switch self {
        case .outOfMemory, .misconf: true
        default: false
        }
    }
}
