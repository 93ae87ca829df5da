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
        _ target: Removal.Target,
        in room: RoomName,
        reason: [UInt8]?,
        as number: Int,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        guard canAsk, let registration else {
            return effects.append(.moderated(number, .unavailable(reason: self.reason)))
        }
        let body = RemovedBody.notice(of: target, by: Self.moderator, reason: reason, in: room)
        let draft = Draft(
            sender: SocketID(slot: -1, generation: 0),
            room: room,
            body: body,
            tag: DraftTag.none.ofRemoval(by: .moderator)
        )
        let sealed = SealedDraft(
            key: "",
            login: LoginID(using: &random),
            fence: 0,
            producer: ProducerID(using: &random),
            n: 1,
            draft: draft
        )
        let call = PublishCall(
            epoch: registration.epoch,
            incarnation: registration.incarnation,
            room: room,
            position: nil,
            drafts: [sealed]
        )
        pending.append(.moderation(number))
        effects.append(.call(.publish(call)))
    }

    mutating func moderated(_ number: Int, _ answer: BrokerAnswer, _ effects: inout [Effect]) {
        effects.append(.moderated(number, Moderation(answer)))
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
