import ChatCore
import NIOCore

/// One loop's way to Redis: what its sessions ask for, over a connection of its own, in order.
///
/// On: its loop.
final class RedisBroker: Broker {
    private let link: RedisLink
    private let settings: RedisSettings
    private let highWaterMarks: SharedHighWaterMarks
    /// Whom this loop tells what concerns the whole node.
    private weak var backend: RedisBackend?
    /// The loop's number.
    let index: Int
    /// Whose sessions ask. Held until `stop`: a weak reference would make each count of its
    /// references cost more, and they are counted for every message.
    private(set) var events: (any BrokerEvents)?
    private var isRefused = false

    init(
        loop: any EventLoop,
        index: Int,
        settings: RedisSettings,
        highWaterMarks: SharedHighWaterMarks,
        backend: RedisBackend
    ) {
        link = RedisLink(loop: loop, settings: settings, purpose: .commands)
        self.index = index
        self.settings = settings
        self.highWaterMarks = highWaterMarks
        self.backend = backend
    }

    /// Begins to connect. Not before the node is registered for the first time: only the membership
    /// connection may begin the first epoch of an empty data set.
    func start() {
        link.start(delegate: self)
    }

    func stop() {
        link.stop()
        events = nil
    }

    /// The hashes of all names that this loop holds or may hold.
    var keyHashes: Set<Int> { events?.keyHashes ?? [] }

    /// Returns for each of these names whether this loop may hold it. It is better to keep a name than
    /// to free one that is held.
    func mayHold(_ keys: [String]) -> [Bool] {
        events?.mayHold(keys) ?? keys.map { _ in true }
    }

    /// Asks a new connection for its epoch: another primary, or other data, must show itself before
    /// a session's call is sent.
    private func openEpoch(on connection: RedisConnection) {
        let codec = settings.codec
        // No session has asked for anything yet: a connection that is turned away here starts over.
        let refused = { (fault: RedisFault) -> Void in connection.fail(fault) }
        let words = codec.words(highWaterMarks.openEpochCall())
        connection.ask(words, codec.openEpochAnswer, refused: refused) { [weak self] answer in
            guard let self else { return }
            guard case .epoch(let epoch, _) = answer else {
                // The membership connection meets the same, and ends the process.
                connection.fail(.other("the data is of another version"))
                return
            }
            if epoch.number > highWaterMarks.epoch.number {
                highWaterMarks.note(epoch)
                backend?.recheckRegistration(epoch: epoch.number)
            }
            events?.connected()
            backend?.broker(of: index, isThere: true, nil)
        }
        connection.flush()
    }

    // MARK: Broker

    func attach(_ events: any BrokerEvents) {
        self.events = events
    }

    func send(_ call: BrokerCall) {
        guard let connection = link.connection else { return }
        switch call {
        case .claims(let call):
            connection.send(settings.codec.words(call)) {
                [claimsAnswered, claims = call.claims] in claimsAnswered($0, claims)
            }
        case .release(let release):
            connection.send(settings.codec.words(release), then: releaseAnswered)
        case .publish(let call):
            connection.send(settings.codec.words(call)) {
                [publishAnswered, count = call.drafts.count] in publishAnswered($0, count)
            }
        case .presence(let call):
            connection.send(settings.codec.words(call)) {
                [presenceAnswered, count = call.moves.count] in presenceAnswered($0, count)
            }
        }
    }

    func read(_ call: HistoryCall) {
        guard let connection = link.connection else { return }
        let codec = settings.codec
        connection.send(codec.words(call)) { [weak self] result in
            guard let self else { return }
            var isRefused = false
            let read = { (reply: RespValue) throws(StoreReplyError) in
                try codec.historyPage(reply, of: call)
            }
            let page = connection.read(result, read) { _ in isRefused = true }
            if page != nil || isRefused { events?.historyRead(page, for: call) }
        }
    }

    func typing(_ name: String, in room: RoomName) {
        let channel = settings.keys.channel(of: room)
        let payload = PublicationCodec.encode(typing: name)
        // How many have heard it, or why it was turned away, changes nothing.
        link.connection?.send([Array("PUBLISH".utf8), Array(channel.utf8), payload]) { _ in }
    }

    func endTurn() {
        link.connection?.flush()
    }

    func recheckRegistration() {
        backend?.recheckRegistration(epoch: highWaterMarks.epoch.number)
    }

    func recheck(_ room: RoomName) {
        backend?.recheck(room)
    }

    func enter(_ room: RoomName) {
        backend?.enter(room, loop: index)
    }

    func leave(_ room: RoomName) {
        backend?.leave(room, loop: index)
    }

    // Who hears an answer: made once, because each call would need memory of its own for it.

    private lazy var claimsAnswered: (RedisConnection.Answer, _ claims: [Claim]) -> Void = {
        [weak self] result, claims in
        guard let self else { return }
        let answer = read(result) { (reply) throws(StoreReplyError) in
            try self.settings.codec.claimAnswer(reply, count: claims.count)
        }
        guard let answer else { return }
        if let fence = answer.highestFence { highWaterMarks.note(fence: fence) }
        noteRefused(answer, claims)
        events?.answered(.claims(answer))
    }

    private lazy var releaseAnswered: (RedisConnection.Answer) -> Void = { [weak self] result in
        guard let self, let connection = link.connection else { return }
        // Taken also where others are turned away, so that it says nothing about that.
        let answer = connection.read(result, settings.codec.releaseAnswer) {
            events?.answered(.refused(reason: $0.sentence))
        }
        if answer != nil { events?.answered(.released) }
    }

    private lazy var publishAnswered: (RedisConnection.Answer, _ count: Int) -> Void = {
        [weak self] result, count in
        guard let self else { return }
        let answer = read(result) { (reply) throws(StoreReplyError) in
            try self.settings.codec.publishAnswer(reply, count: count)
        }
        if let answer { events?.answered(.publish(answer)) }
    }

    private lazy var presenceAnswered: (RedisConnection.Answer, _ count: Int) -> Void = {
        [weak self] result, count in
        guard let self else { return }
        let answer = read(result) { (reply) throws(StoreReplyError) in
            try self.settings.codec.presenceAnswer(reply, count: count)
        }
        if let answer { events?.answered(.presence(answer)) }
    }

    /// Tells the operator of a name that cannot be claimed because its record is damaged.
    private func noteRefused(_ answer: ClaimAnswer, _ claims: [Claim]) {
        guard case .verdicts(let verdicts) = answer else { return }
        for (claim, verdict) in zip(claims, verdicts) {
            guard case .refused = verdict else { continue }
            backend?.noteDamagedRecord(of: claim.username.key)
        }
    }

    private func read<Answer>(
        _ result: RedisConnection.Answer,
        _ read: (RespValue) throws(StoreReplyError) -> Answer
    ) -> Answer? {
        // What is answered is answered over the connection that there is.
        guard let connection = link.connection else { return nil }
        let answer = connection.read(result, read) { fault in
            note(refusal: fault)
            events?.answered(.refused(reason: fault.sentence))
        }
        if answer != nil { note(refusal: nil) }
        return answer
    }

    private func note(refusal: RedisFault?) {
        guard isRefused != (refusal != nil) else { return }
        isRefused = refusal != nil
        backend?.note(refusal: refusal)
    }
}

extension RedisBroker: RedisLinkDelegate {
    func isUp(_ link: RedisLink, _ connection: RedisConnection) {
        openEpoch(on: connection)
    }

    func isDown(_ link: RedisLink, _ fault: RedisFault) {
        events?.disconnected(fault.sentence)
        backend?.broker(of: index, isThere: false, fault)
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
        case .outOfMemory, .misconf, .readOnly, .wrongType: true
        default: false
        }
    }

    /// Redis is well, and another connection would be told the same.
    fileprivate var isOfThisCall: Bool {
        switch self {
        case .outOfMemory, .misconf, .wrongType: true
        default: false
        }
    }
}
