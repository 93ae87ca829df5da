/// Messages that the node's operator takes back.
extension BrokerClient {
    /// The outcome of a removal.
    public enum Moderation: Sendable, Hashable {
        /// The message is taken back; the notice of that has this number.
        case removed(seq: UInt64)
        /// It had been taken back before.
        case removedBefore
        /// It is not taken back.
        case refused(RemovalRefusal)
        /// Whether it is taken back is not known; to ask once more is harmless. `reason` is for people.
        case unavailable(reason: String)
    }

    /// The name that members are told as that of who has taken the message back. By default no user can have it
    /// (`--reserved-names`).
    public static let moderator = "admin"

    /// Takes a message back for the operator: any message, at any time. `Effect.moderated` with this number
    /// answers once. `reason` is a JSON string for people; nil: none.
    ///
    /// No login makes the entry, so it has a producer of its own, with one message: one that is sent again after
    /// a lost answer finds the message taken back.
    public mutating func moderate(
        _ target: MessagePlace,
        in room: RoomName,
        reason: [UInt8]?,
        as number: Int,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        guard canAsk else {
            return effects.append(.moderated(number, .unavailable(reason: self.reason)))
        }
        let draft = Self.removal(of: target, in: room, reason: reason, using: &random)
        send(draft, as: number, &effects)
    }

    mutating func moderated(_ number: Int, _ answer: BrokerAnswer, _ effects: inout [Effect]) {
        guard number < 0 else {
            return effects.append(.moderated(number, Moderation(answer)))
        }
        lostRemovalAnswered(number, answer)
    }

    /// Returns the entry that takes a message back without a login.
    private static func removal(
        of target: MessagePlace,
        in room: RoomName,
        reason: [UInt8]?,
        using random: inout some RandomNumberGenerator
    ) -> SealedDraft {
        let draft = Draft(
            sender: SocketID(slot: -1, generation: 0),
            room: room,
            body: RemovedBody.notice(of: target, by: moderator, reason: reason, in: room),
            tag: DraftTag.none.ofRemoval(by: .moderator)
        )
        return SealedDraft(
            key: "",
            login: LoginID(using: &random),
            fence: 0,
            producer: ProducerID(using: &random),
            n: 1,
            draft: draft
        )
    }

    private mutating func send(_ draft: SealedDraft, as number: Int, _ effects: inout [Effect]) {
        guard let registration else { return }
        let call = PublishCall(
            epoch: registration.epoch,
            incarnation: registration.incarnation,
            room: draft.draft.room,
            position: nil,
            drafts: [draft]
        )
        pending.append(.moderation(number))
        effects.append(.call(.publish(call)))
    }
}

// MARK: - Removals that were lost

extension BrokerClient {
    /// The removals that were lost with data, until they are made once more.
    struct LostRemovals: Sendable {
        struct Entry: Sendable {
            let number: Int
            let draft: SealedDraft
            var isSent = false
            var failures = 0
        }

        var entries: [Entry] = []
        /// The number of the last one.
        var last = 0
    }

    /// Has messages taken back once more whose removals were lost with data, in the moderator's name: their
    /// texts are in the room's log again. All loops that have heard of a removal do so, and the first one is
    /// enough: the others are told that it is done.
    public mutating func repeatRemovals(
        of places: [MessagePlace],
        in room: RoomName,
        using random: inout some RandomNumberGenerator
    ) {
        for place in places where lostRemovals.entries.count < Limits.recentRemovals {
            lostRemovals.last -= 1
            let draft = Self.removal(of: place, in: room, reason: nil, using: &random)
            lostRemovals.entries.append(.init(number: lostRemovals.last, draft: draft))
        }
    }

    /// Makes the oldest of them that is not under way: one in a tick, because each has Redis write a log anew.
    mutating func repeatLostRemoval(_ effects: inout [Effect]) {
        guard canAsk, let index = lostRemovals.entries.firstIndex(where: { !$0.isSent })
        else { return }
        lostRemovals.entries[index].isSent = true
        let entry = lostRemovals.entries[index]
        send(entry.draft, as: entry.number, &effects)
    }

    /// Takes that a removal was made, or could not be made: then it is tried again, a number of times.
    private mutating func lostRemovalAnswered(_ number: Int, _ answer: BrokerAnswer) {
        guard let index = lostRemovals.entries.firstIndex(where: { $0.number == number })
        else { return }
        // A broker that takes no writes for a while has them later.
        if case .refused = answer {} else { lostRemovals.entries[index].failures += 1 }
        if case .unavailable = Moderation(answer),
            lostRemovals.entries[index].failures < Limits.lostRemovalTries
        {
            // Behind the others: they get their turn, whatever is wrong with this one.
            var entry = lostRemovals.entries.remove(at: index)
            entry.isSent = false
            lostRemovals.entries.append(entry)
        } else {
            lostRemovals.entries.remove(at: index)
        }
    }
}

extension BrokerClient.Moderation {
    private static let noPlace =
        "Nothing is known of this room at present; if it has messages, try again in a moment"

    fileprivate init(_ answer: BrokerAnswer) {
        switch answer {
        case .publish(.verdicts(let verdicts, _)):
            switch verdicts.first {
            case .accepted(let seq): self = .removed(seq: seq)
            case .duplicate: self = .removedBefore
            case .notRemoved(let why): self = .refused(why)
            default: self = .unavailable(reason: BrokerClient.lostTouch)
            }
        case .publish(.otherHistory): self = .unavailable(reason: Self.noPlace)
        case .refused(let reason): self = .unavailable(reason: reason)
        default: self = .unavailable(reason: BrokerClient.lostTouch)
        }
    }
}
