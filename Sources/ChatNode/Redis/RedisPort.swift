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
    /// Tells the control plane that a room ends elsewhere than this node believes.
    private let onRoomDoubt: (RoomName) -> Void
    /// Whose sessions ask. Held until `stop`: a weak reference would make each count of its
    /// references cost more, and they are counted for every message.
    private var shard: Shard?
    /// Hears that Redis is well but turns calls away, and, with nil, that it takes them again.
    private var onRefusal: ((RedisFault?) -> Void)?
    private var isRefused = false

    init(
        loop: any EventLoop,
        settings: RedisSettings,
        highest: RedisHighest,
        onDoubt: @escaping (UInt64) -> Void,
        onRoomDoubt: @escaping (RoomName) -> Void
    ) {
        link = RedisLink(loop: loop, settings: settings, purpose: .commands)
        self.settings = settings
        self.highest = highest
        self.onDoubt = onDoubt
        self.onRoomDoubt = onRoomDoubt
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
        shard = nil
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
        let refused = { (fault: RedisFault) -> Void in connection.fail(fault) }
        connection.ask(codec.words(call), codec.fenceAnswer, refused: refused) {
            [weak self] answer in
            guard let self else { return }
            guard case .reign(let reign, _) = answer else {
                // The control plane meets the same, and ends the process.
                connection.fail(.other("the data is of another version"))
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
        switch call {
        case .claim(let claim):
            connection.send(settings.codec.words(claim), then: claimAnswered)
        case .release(let release):
            connection.send(settings.codec.words(release), then: releaseAnswered)
        case .publish(let call):
            connection.send(settings.codec.words(call)) {
                [publishAnswered, count = call.drafts.count] in publishAnswered($0, count)
            }
        }
    }

    func endTurn() {
        link.connection?.flush()
    }

    func doubtStanding() {
        onDoubt(highest.reign.epoch)
    }

    func doubt(_ room: RoomName) {
        onRoomDoubt(room)
    }

    // Who hears an answer: made once, because each call would need memory of its own for it.

    private lazy var claimAnswered: (RedisConnection.Answer) -> Void = { [weak self] result in
        guard let self, let answer = read(result, settings.codec.claimAnswer) else { return }
        if case .granted(let grant) = answer { highest.saw(fence: grant.fence) }
        shard?.answered(.claim(answer))
    }

    private lazy var releaseAnswered: (RedisConnection.Answer) -> Void = { [weak self] result in
        guard let self, let connection = link.connection else { return }
        // Taken also where others are turned away, so that it says nothing about that.
        let answer = connection.read(result, settings.codec.releaseAnswer) {
            shard?.answered(.refused(reason: $0.sentence))
        }
        if answer != nil { shard?.answered(.released) }
    }

    private lazy var publishAnswered: (RedisConnection.Answer, _ count: Int) -> Void = {
        [weak self] result, count in
        guard let self else { return }
        let answer = read(result) { (reply) throws(StoreReplyError) in
            try self.settings.codec.publishAnswer(reply, count: count)
        }
        if let answer { shard?.answered(.publish(answer)) }
    }

    private func read<Answer>(
        _ result: RedisConnection.Answer,
        _ read: (RespValue) throws(StoreReplyError) -> Answer
    ) -> Answer? {
        // What is answered is answered over the connection that there is.
        guard let connection = link.connection else { return nil }
        let answer = connection.read(result, read) { fault in
            note(refusal: fault)
            shard?.answered(.refused(reason: fault.sentence))
        }
        if answer != nil { note(refusal: nil) }
        return answer
    }

    private func note(refusal: RedisFault?) {
        guard isRefused != (refusal != nil) else { return }
        isRefused = refusal != nil
        onRefusal?(refusal)
    }
}

extension RedisConnection {
    /// Asks for something and reads the answer, as `read` does.
    func ask<Answer>(
        _ words: RedisCommand,
        _ read: @escaping (RespValue) throws(StoreReplyError) -> Answer,
        refused: @escaping (RedisFault) -> Void,
        _ then: @escaping (Answer) -> Void
    ) {
        // Held until it is answered, or the connection is over.
        send(words) { result in
            if let answer = self.read(result, read, refused: refused) { then(answer) }
        }
    }

    /// Reads what became of a command; nil where there is no answer. Where Redis has turned it away
    /// before writing anything, `refused` is called; anything that is not an answer, and what shows
    /// that this is the wrong Redis, ends the connection, and what else had been asked over it is
    /// unknown.
    func read<Answer>(
        _ result: RedisConnection.Answer,
        _ read: (RespValue) throws(StoreReplyError) -> Answer,
        refused: (RedisFault) -> Void
    ) -> Answer? {
        // Without an answer, the owner hears that the connection is gone.
        guard case .success(let reply) = result else { return nil }
        if let complaint = reply.complaint {
            let fault = RedisFault(error: complaint)
            if fault.hasWrittenNothing { refused(fault) }
            if !fault.isOfThisCall { fail(fault) }
            return nil
        }
        do throws(StoreReplyError) {
            return try read(reply)
        } catch {
            fail(.other("\(error)"))
            return nil
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
