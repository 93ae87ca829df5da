import TestSupport

@testable import ChatCore
@testable import ChatRedis

/// What the contract is about: the store in memory, and the scripts on a Redis, by one shape.
protocol StoreUnderTest: AnyObject {
    func openEpoch(_ call: OpenEpochCall) throws -> OpenEpochAnswer
    func endGrace(_ epoch: Epoch) throws -> Bool
    func register(_ call: RegisterCall) throws -> RosterAnswer
    func renew(_ call: RenewCall) throws -> RosterAnswer
    func certify(_ call: CertifyCall) throws -> CertifyAnswer
    func reap(_ call: ReapCall) throws -> ReapAnswer
    func claim(_ call: ClaimCall) throws -> ClaimAnswer
    func move(_ call: PresenceCall) throws -> PresenceAnswer
    func present(_ call: PresentCall) throws -> PresentAnswer
    /// What nodes were told since the last call, but for messages: the channel of each, and what came there.
    func takeTold() throws -> [String]
    func release(_ call: Release) throws -> Bool
    func heldKeys(of incarnation: Incarnation) throws -> [String]
    /// The answer, and what was delivered on the room's channel.
    func publish(_ call: PublishCall) throws -> (answer: PublishAnswer, delivered: [UInt8]?)
    /// `birth` names the room's place if it begins now.
    func catchUp(_ call: CatchUpCall, birth: ProducerID) throws -> CatchUpAnswer
    func history(_ call: HistoryCall) throws -> HistoryPage
    /// All that is kept of a room.
    func log(of room: RoomName) throws -> [Publication]
    /// The server restarts: its data stays, its id changes.
    func restart() throws
    /// The data is lost.
    func erase() throws
    /// A room's hash is gone, or an older one is put back.
    func changeTop(of room: RoomName, to top: MessagePlace?) throws
    /// A room's stream is gone.
    func loseLog(of room: RoomName) throws
    /// The list of nodes is gone.
    func loseNodes() throws
    /// What a node holds is gone.
    func loseHeld(of incarnation: Incarnation) throws
}

/// Which of both a test runs against.
enum StoreKind: String, CaseIterable {
    case store, scripts

    func make(_ retention: Store.Retention = .init()) async throws -> any StoreUnderTest {
        switch self {
        case .store: SwiftStore(retention)
        case .scripts: try ScriptStore(try await TestRedis.start(), retention)
        }
    }
}

final class SwiftStore: StoreUnderTest {
    var store: Store
    /// When the next message is published.
    var ms: Int64 = 1_700_000_000_000
    private var restarts = 0

    init(_ retention: Store.Retention) {
        store = Store(dataSet: "data set 0", unixSecond: 1_700_000_000, retention: retention)
    }

    func openEpoch(_ call: OpenEpochCall) -> OpenEpochAnswer { store.openEpoch(call) }
    func endGrace(_ epoch: Epoch) -> Bool { store.endGrace(epoch) }
    func register(_ call: RegisterCall) -> RosterAnswer { store.register(call) }
    func renew(_ call: RenewCall) -> RosterAnswer { store.renew(call) }
    func certify(_ call: CertifyCall) -> CertifyAnswer { store.certify(call) }
    func reap(_ call: ReapCall) -> ReapAnswer { store.reap(call) }
    func claim(_ call: ClaimCall) -> ClaimAnswer { store.claim(call) }
    func takeTold() -> [String] {
        let replaced = store.takeReplaced().map { "chat@\($0.incarnation) replaced \($0.login)" }
        let keys = RedisKeys(prefix: "chat")
        return replaced
            + store.takePresenceChanges().map {
                "\(keys.channel(of: $0.room)) \(String(decoding: $0.encoded, as: UTF8.self))"
            }
    }
    func move(_ call: PresenceCall) -> PresenceAnswer { store.move(call) }
    func present(_ call: PresentCall) -> PresentAnswer { store.present(call) }
    func release(_ call: Release) -> Bool { store.release(call, ms: ms) }
    func heldKeys(of incarnation: Incarnation) -> [String] { store.heldKeys(of: incarnation) }
    func catchUp(_ call: CatchUpCall, birth: ProducerID) -> CatchUpAnswer {
        store.catchUp(call, birth: birth)
    }

    func publish(_ call: PublishCall) -> (answer: PublishAnswer, delivered: [UInt8]?) {
        let (answer, publication) = store.publish(call, ms: ms)
        return (answer, publication.map(PublicationCodec.encode))
    }

    func history(_ call: HistoryCall) -> HistoryPage { store.history(call) }

    func log(of room: RoomName) -> [Publication] {
        store.history(of: room)
    }

    func restart() {
        restarts += 1
        store.restart(dataSet: "data set \(restarts)")
    }

    func erase() {
        restarts += 1
        store.erase(dataSet: "data set \(restarts)")
    }

    func changeTop(of room: RoomName, to top: MessagePlace?) {
        store.rooms[room]?.top = top
        if top == nil { store.rooms[room]?.removedMs = 0 }
        // The number is lost with the room's hash.
        if top == nil { store.presence[room]?.number = 0 }
    }
    func loseLog(of room: RoomName) {
        guard let log = store.rooms[room] else { return }
        store.rooms[room] = RoomLog()
        store.rooms[room]?.top = log.top
        store.rooms[room]?.removedMs = log.removedMs
    }

    func loseNodes() { store.heartbeats = [:] }
    func loseHeld(of incarnation: Incarnation) { store.held[incarnation] = nil }
}

final class ScriptStore: StoreUnderTest {
    private let server: TestRedis
    let client: RedisClient
    private let subscriber: RedisClient
    var codec: StoreCodec
    private var told: [String] = []

    init(
        _ server: TestRedis,
        _ retention: Store.Retention,
        prefix: String = "chat"
    ) throws {
        self.server = server
        codec = StoreCodec(keys: RedisKeys(prefix: prefix), retention: retention)
        client = try RedisClient(server)
        subscriber = try RedisClient(server)
        for script in Script.allCases {
            let reply = try client.run(StoreCodec.load(script))
            guard reply == .bulk(script.digest) else { throw Unexpected("\(script): \(reply)") }
        }
        _ = try subscriber.run("PSUBSCRIBE", "*")
    }

    func openEpoch(_ call: OpenEpochCall) throws -> OpenEpochAnswer {
        try codec.openEpochAnswer(client.run(codec.words(call)))
    }
    func endGrace(_ epoch: Epoch) throws -> Bool {
        try codec.endGraceAnswer(client.run(codec.endGraceWords(epoch)))
    }
    func register(_ call: RegisterCall) throws -> RosterAnswer {
        try codec.rosterAnswer(client.run(codec.words(call)))
    }
    func renew(_ call: RenewCall) throws -> RosterAnswer {
        try codec.rosterAnswer(client.run(codec.words(call)))
    }
    func certify(_ call: CertifyCall) throws -> CertifyAnswer {
        try codec.certifyAnswer(client.run(codec.words(call)))
    }
    func reap(_ call: ReapCall) throws -> ReapAnswer {
        try codec.reapAnswer(runTelling(codec.words(call)))
    }
    func claim(_ call: ClaimCall) throws -> ClaimAnswer {
        try codec.claimAnswer(runTelling(codec.words(call)), count: call.claims.count)
    }
    func move(_ call: PresenceCall) throws -> PresenceAnswer {
        try codec.presenceAnswer(runTelling(codec.words(call)), count: call.moves.count)
    }
    func present(_ call: PresentCall) throws -> PresentAnswer {
        try codec.presentAnswer(client.run(codec.words(call)))
    }
    /// Runs a script, and notes what it has published.
    private func runTelling(_ words: RedisCommand) throws -> RespValue {
        let reply = try client.run(words)
        _ = try client.run("PUBLISH", "end", "")
        while let (channel, payload) = try delivery() {
            told.append("\(channel) \(String(decoding: payload, as: UTF8.self))")
        }
        return reply
    }
    func takeTold() -> [String] {
        defer { told = [] }
        return told
    }
    func release(_ call: Release) throws -> Bool {
        try codec.releaseAnswer(runTelling(codec.words(call)))
    }
    func heldKeys(of incarnation: Incarnation) throws -> [String] {
        var keys: Set<String> = []
        var place: UInt64 = 0
        repeat {
            let words = codec.heldPageWords(of: incarnation, from: place)
            let page = try codec.heldPageAnswer(client.run(words))
            keys.formUnion(page.keys)
            place = page.next
        } while place != 0
        return keys.sorted()
    }
    func history(_ call: HistoryCall) throws -> HistoryPage {
        try codec.historyPage(client.run(codec.words(call)), of: call)
    }
    func catchUp(_ call: CatchUpCall, birth: ProducerID) throws -> CatchUpAnswer {
        let words = codec.words(call, birth: birth)
        return try codec.catchUpAnswer(client.run(words), of: call.room, under: call.epoch)
    }

    func publish(_ call: PublishCall) throws -> (answer: PublishAnswer, delivered: [UInt8]?) {
        let reply = try client.run(codec.words(call))
        let answer = try codec.publishAnswer(reply, count: call.drafts.count)
        // Behind what the script delivered, if anything: so that nothing is waited for in vain, and
        // nothing is delivered unnoticed.
        _ = try client.run("PUBLISH", "end", "")
        guard let (channel, payload) = try delivery() else { return (answer, nil) }
        guard channel == codec.keys.channel(of: call.room), try delivery() == nil else {
            throw Unexpected("delivered twice, or on \(channel)")
        }
        return (answer, payload)
    }

    private func delivery() throws -> (channel: String, payload: [UInt8])? {
        guard let parts = try subscriber.next().elements, parts.count == 4,
            let channel = parts[2].text, let payload = parts[3].bytes
        else { throw Unexpected("no delivery") }
        return channel == "end" ? nil : (channel, payload)
    }

    func log(of room: RoomName) throws -> [Publication] {
        let reply = try client.run("XRANGE", codec.keys.log(of: room), "-", "+")
        return try (reply.elements ?? []).map { value in
            guard let parts = value.elements, let id = parts.first?.text,
                let fields = parts.last?.elements, fields.count == 10,
                let count = fields[1].number, let ms = fields[3].number,
                let prev = fields[7].text.flatMap({ MessageID($0) }),
                let messages = fields[9].bytes
            else { throw Unexpected("an entry like \(value)") }
            let place = id.split(separator: "-").compactMap { UInt64($0) }
            let entry = PublicationCodec.logged(
                messages,
                room: room,
                epoch: place[1],
                firstSeq: place[0],
                prev: prev,
                ms: ms
            )
            guard let entry, entry.items.count == Int(count) else {
                throw Unexpected("an entry like \(value)")
            }
            return entry
        }
    }

    /// Redis gives its data a new id when a replica is made a primary: for a moment it is one, of a
    /// primary that is not there.
    func restart() throws {
        _ = try client.run("REPLICAOF", "127.0.0.1", "1")
        _ = try client.run("REPLICAOF", "NO", "ONE")
    }

    func erase() throws {
        _ = try client.run("FLUSHALL")
        try restart()
    }

    func changeTop(of room: RoomName, to top: MessagePlace?) throws {
        let key = codec.keys.room(room)
        guard let top else {
            _ = try client.run("DEL", key)
            return
        }
        _ = try client.run("HSET", key, "seq", "\(top.seq)", "mid", top.mid.description)
    }

    func loseLog(of room: RoomName) throws {
        _ = try client.run("DEL", codec.keys.log(of: room))
    }

    func loseNodes() throws {
        _ = try client.run("DEL", codec.keys.nodes)
    }

    func loseHeld(of incarnation: Incarnation) throws {
        _ = try client.run("DEL", codec.keys.held(by: incarnation))
    }

    /// The id of the data set.
    var dataSet: String {
        get throws {
            let info = try client.run("INFO", "replication").text ?? ""
            let line = info.split(whereSeparator: \.isNewline).first {
                $0.hasPrefix("master_replid:")
            }
            guard let line else { throw Unexpected("no id in \(info)") }
            return String(line.dropFirst("master_replid:".count))
        }
    }
}
