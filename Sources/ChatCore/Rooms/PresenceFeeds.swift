/// Who is present in the rooms that a node hears, and when the rooms' members are told.
///
/// Changes come numbered over the subscription. A change that is not the next one shows that some were
/// missed, or that the room has another history: then the room's names are read anew. The node also
/// learns the number whenever it looks at the room's end. What has changed is told at once, and again
/// after `Limits.presencePause` at the earliest. In a grace nothing is told: after a loss of data the rooms
/// are empty until the names are claimed again, which is no leaving.
///
/// On: the loop of the subscription.
public struct PresenceFeeds: Sendable {
    /// An action for the owner to carry out, in order.
    public enum Effect: Sendable, Hashable {
        /// Read who is present in a room. `read` answers, or `notRead`; or `linkLost` ends the question.
        case read(PresentCall)
        /// Tell the room's members.
        case tell(PresenceNews)
    }

    /// What is known of one room.
    struct Feed {
        /// The epoch in which the rest was learned; nil: nothing is known.
        var epoch: UInt64?
        var number: UInt64 = 0
        var count = 0
        /// The spelling of each name by its key; nil: they are too many.
        var names: [String: String]? = [:]
        /// What the members were told last; nil: nothing yet.
        var told: (count: Int, names: [String: String]?)?
        /// Whether the loops were told that the room is open.
        var isOpen = false
        /// Whether there may be something that the members were not told.
        var isNew = false
        var isReading = false
        /// Whether the names are to be read.
        var isReadDue = false
        var toldAt = Instant.distantPast
        var readAt = Instant.distantPast
        /// The changes that came while the names were read.
        var waiting: [PresenceChange] = []
    }

    private var feeds: [RoomName: Feed] = [:]
    private var epoch: Epoch?
    private var isGrace = false
    /// When a room's next news or reading may be due: a pause after each.
    private var pauses = FIFO<(room: RoomName, until: Instant)>()
    /// The rooms that wait for their reading, and the number of readings without an answer.
    private var queue = FIFO<RoomName>()
    private var readings = 0

    /// Makes the feeds of a node that hears no room.
    public init() {}

    /// When `tick` has something to do.
    public var due: Instant { pauses.first?.until ?? .distantFuture }
}

// MARK: - Events

extension PresenceFeeds {
    /// Takes the node's registration.
    public mutating func registrationChanged(
        _ registration: Registration,
        now: Instant,
        into effects: inout [Effect]
    ) {
        epoch = registration.epoch
        isGrace = registration.isGrace
        guard !isGrace else { return }
        for room in feeds.keys.sorted(by: { $0.text < $1.text }) { goOn(room, now, &effects) }
    }

    /// Takes a change that came over the subscription, of a room that is heard.
    public mutating func receive(
        _ change: PresenceChange,
        now: Instant,
        into effects: inout [Effect]
    ) {
        // The first look at the room in another epoch shows its number there.
        guard change.epoch == epoch?.number else { return }
        // In its place: a copy would have its names copied with each change.
        feeds[change.room, default: Feed()].receive(change)
        goOn(change.room, now, &effects)
    }

    /// Takes the number of a room's last change, as a look at the room's end has shown it.
    public mutating func compare(
        _ room: RoomName,
        number: UInt64,
        in other: UInt64,
        now: Instant,
        into effects: inout [Effect]
    ) {
        guard other == epoch?.number else { return }
        var feed = feeds[room] ?? Feed()
        guard feed.epoch != other || feed.number != number else { return }
        // If names are known, the number was lost with the room's key, or this look was before the change that
        // has brought them.
        if number == 0, feed.number == 0, feed.names?.isEmpty == true {
            feed.set(number: 0, count: 0, names: [:], epoch: other)
        } else {
            feed.isReadDue = true
        }
        feeds[room] = feed
        goOn(room, now, &effects)
    }

    /// Takes who is present in a room.
    public mutating func read(
        _ call: PresentCall,
        _ answer: PresentAnswer,
        now: Instant,
        into effects: inout [Effect]
    ) {
        readings -= 1
        if var feed = feeds[call.room], feed.isReading {
            feed.isReading = false
            let waiting = feed.waiting
            feed.waiting = []
            if case .present(let number, let count, let names) = answer, call.epoch == epoch {
                let named = names.map { names in
                    Dictionary(names.map { ($0.key, $0.display) }, uniquingKeysWith: { $1 })
                }
                feed.set(number: number, count: count, names: named, epoch: call.epoch.number)
                for change in waiting { feed.take(change) }
            } else {
                feed.epoch = nil
            }
            feeds[call.room] = feed
        }
        goOn(call.room, now, &effects)
        readNext(now, &effects)
    }

    /// Takes that the names of a room could not be read: the next look at its end asks again.
    public mutating func notRead(_ call: PresentCall, now: Instant, into effects: inout [Effect]) {
        read(call, .otherEpoch, now: now, into: &effects)
    }

    /// Ends all questions: the connection is gone.
    public mutating func linkLost() {
        readings = 0
        _ = queue.takeAll()
        for room in feeds.keys {
            guard feeds[room]?.isReading == true || feeds[room]?.isReadDue == true else { continue }
            feeds[room]?.isReading = false
            feeds[room]?.isReadDue = false
            feeds[room]?.waiting = []
            feeds[room]?.epoch = nil
        }
    }

    /// Takes that the loops were told that a room is open: from now on they are told who is present.
    public mutating func opened(_ room: RoomName, now: Instant, into effects: inout [Effect]) {
        feeds[room, default: Feed()].isOpen = true
        goOn(room, now, &effects)
    }

    /// Forgets a room that is no longer heard.
    public mutating func forget(_ room: RoomName) {
        feeds[room] = nil
    }

    /// Does what is due.
    public mutating func tick(now: Instant, into effects: inout [Effect]) {
        while let next = pauses.first, next.until <= now {
            _ = pauses.popFirst()
            goOn(next.room, now, &effects)
        }
    }
}

// MARK: - Reading and telling

extension PresenceFeeds {
    /// Has a room's names read, or its members told, if that may be done now.
    private mutating func goOn(_ room: RoomName, _ now: Instant, _ effects: inout [Effect]) {
        guard let index = feeds.index(forKey: room) else { return }
        switch feeds.values[index].due(now) {
        case .nothing: break
        case .reading:
            feeds.values[index].isReadDue = false
            feeds.values[index].isReading = true
            queue.append(room)
            readNext(now, &effects)
        case .telling: if !isGrace { tell(room, now, &effects) }
        }
    }

    /// Reads the names of as many rooms as may be read at a time.
    private mutating func readNext(_ now: Instant, _ effects: inout [Effect]) {
        while readings < Limits.presenceReadings, let epoch, let room = queue.popFirst() {
            guard feeds[room]?.isReading == true else { continue }
            readings += 1
            feeds[room]?.readAt = now
            pauses.append((room, now + Limits.presencePause))
            effects.append(.read(PresentCall(epoch: epoch, room: room)))
        }
    }

    private mutating func tell(_ room: RoomName, _ now: Instant, _ effects: inout [Effect]) {
        guard let news = feeds[room]?.takeNews(of: room) else { return }
        feeds[room]?.toldAt = now
        pauses.append((room, now + Limits.presencePause))
        effects.append(.tell(news))
    }
}

extension PresenceFeeds.Feed {
    /// What is to be done with a room.
    enum Due { case nothing, reading, telling }

    func due(_ now: Instant) -> Due {
        guard !isReading else { return .nothing }
        if isReadDue { return now >= readAt + Limits.presencePause ? .reading : .nothing }
        let isDue = isNew && isOpen && epoch != nil && now >= toldAt + Limits.presencePause
        return isDue ? .telling : .nothing
    }

    /// Takes a change that came over the subscription.
    mutating func receive(_ change: PresenceChange) {
        guard isReading else { return take(change) }
        // If it is too much, the number shows that something is missing.
        if waiting.count >= Limits.presenceWaiting { waiting = [] }
        waiting.append(change)
    }

    /// Takes the next change. Any other shows that the names have to be read.
    mutating func take(_ change: PresenceChange) {
        guard change.epoch == epoch else { return isReadDue = true }
        guard change.number > number else { return }
        guard change.number == number + 1 else { return isReadDue = true }
        number = change.number
        count = change.count
        isNew = true
        if count > Limits.presenceListed {
            names = nil
        } else {
            for step in change.steps {
                names?[step.name.key] = step.hasJoined ? step.name.display : nil
            }
            // Too many until now, or something was not told: the names are to be read.
            if names?.count != count { isReadDue = true }
        }
    }

    mutating func set(number: UInt64, count: Int, names: [String: String]?, epoch: UInt64) {
        self.number = number
        self.count = count
        self.names = names
        self.epoch = epoch
        isNew = true
    }

    /// Returns what the members are to be told; nil: nothing has changed for them.
    mutating func takeNews(of room: RoomName) -> PresenceNews? {
        isNew = false
        let before = told
        told = (count, names)
        var change: PresenceNews.Change?
        if let before, let old = before.names, let names {
            let joined = names.filter { old[$0.key] != $0.value }
            let left = old.filter { names[$0.key] != $0.value }
            guard !joined.isEmpty || !left.isEmpty else { return nil }
            change = .init(joined: Self.spellings(joined), left: Self.spellings(left))
        } else if let before, before.names == nil, names == nil, before.count == count {
            return nil
        }
        return PresenceNews(
            room: room,
            number: number,
            count: count,
            names: names.map(Self.spellings),
            change: change
        )
    }

    private static func spellings(_ names: [String: String]) -> [String] {
        names.sorted { $0.key < $1.key }.map(\.value)
    }
}
