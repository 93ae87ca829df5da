/// The epoch and the incarnation in which a node asks for its names: the same for all of them, and
/// so stored once.
final class ClaimContext: Sendable {
    let epoch: Epoch
    let incarnation: Incarnation

    init(_ registration: Registration) {
        epoch = registration.epoch
        incarnation = registration.incarnation
    }

    /// Whether the node still has the same incarnation, in the same epoch.
    func holds(in registration: Registration?) -> Bool {
        epoch == registration?.epoch && incarnation == registration?.incarnation
    }
}

/// A name that one socket's login holds, or has asked for.
struct HeldName: Sendable {
    /// The state of the login's claim to the name.
    enum Phase: Sendable, Hashable {
        /// Queued, to be asked for in a call of claims.
        case waitingToAsk
        /// Asked for; the answer is to come.
        case claiming
        /// To be asked for when the grace is over.
        case waitingForGrace
        /// Granted.
        case held
        /// Granted before, and queued to be claimed again before it is used again; or postponed, if
        /// that was refused.
        case unconfirmed
        /// Claimed again; the answer is to come.
        case reclaiming
    }

    /// The name in the spelling that was claimed last.
    var username: Username
    let login: LoginID
    /// The time of the client's login.
    let since: Instant
    var phase: Phase
    /// Whether the login has waited for the end of a grace: then it may wait `Limits.claimPatience` longer than
    /// the longest grace.
    var hasWaitedForGrace = false
    /// Whether a claim's answer got lost, so that the broker may record the name as this login's.
    var mayBeGranted = false
    /// Whether the login has a secret with which its user takes the name over.
    var isResumable = false
    /// Whether the login's socket is gone, and the name is kept for its user for a moment.
    var isLingering = false
    /// The epoch and the incarnation of the last claim.
    var context: ClaimContext
    var producer: ProducerID
    var fence: UInt64 = 0
    /// The epoch in which the name was granted.
    var grantedIn: UInt64 = 0
    /// The last number that a message was sent with.
    var n: UInt64 = 0
    /// The last number known to be accepted, and its place in its room.
    var accepted: UInt64 = 0
    var acceptedSeq: UInt64 = 0
    /// The highest number of a message whose answer got lost: others may have heard it, even if the record does
    /// not count it, because Redis may have lost all data since.
    var lastInDoubt: UInt64 = 0
    /// Whether the client has numbered that message, and so all of the login's.
    var isNumberedByClient = false
    /// The numbers of the messages in doubt that wait to be sent again, before all newer ones of the login, in
    /// their order.
    var waitingAgain: [UInt64] = []

    /// What becomes of the name's record if the login gives it up and it is not known whether it has it:
    /// perhaps it has taken it over.
    var involuntary: Release.Action { isResumable ? .empty : .delete }

    /// Returns the claim that asks for the name now, and for its rooms.
    func claim(proof: LoginID?, rooms: [RoomName]) -> Claim {
        let isNew = phase != .held && phase != .unconfirmed && phase != .reclaiming
        return Claim(
            username: username,
            login: login,
            producer: producer,
            proof: isNew ? proof : nil,
            known: isNew
                ? nil
                : .init(
                    fence: fence,
                    n: accepted,
                    seq: acceptedSeq,
                    epoch: grantedIn,
                    reserved: reserved > accepted ? reserved : 0
                ),
            rooms: rooms
        )
    }

    /// Takes the grant of the name, for the first time or again: messages sent before are void
    /// unless the grant counts them.
    mutating func hold(_ grant: Grant) {
        phase = .held
        fence = grant.fence
        grantedIn = context.epoch.number
        producer = grant.producer
        n = grant.n
        accepted = grant.n
        acceptedSeq = grant.seq
    }

    /// Adds proof and the next number to a message that is sent now; nil if the name is not confirmed.
    @inline(__always)
    mutating func seal(_ draft: Draft) -> SealedDraft? {
        guard phase == .held else { return nil }
        n += 1
        return SealedDraft(
            key: username.key,
            login: login,
            fence: fence,
            producer: producer,
            n: n,
            draft: draft
        )
    }

    /// Returns what becomes of a message that was sent without an answer, or whose answer is that it was not
    /// written then (`isVoid`), when the login is over. It is lost, and others have not heard it, if no call that
    /// may have been carried out had it.
    func fate(of mid: MessageID, isVoid: Bool = false) -> Settlement {
        if mid.n <= accepted { return .accepted(Acceptance(mid: mid, seq: nil)) }
        return isVoid && mid.n > lastInDoubt ? .lost : .unknown
    }

    /// The number up to which the node gives none to another message. A client that numbers its messages says
    /// the same message again under its number.
    var reserved: UInt64 { isNumberedByClient ? 0 : lastInDoubt }

    /// Notes that others may have heard a message, although its answer got lost.
    mutating func doubt(_ number: UInt64, isOfClient: Bool) {
        lastInDoubt = max(lastInDoubt, number)
        isNumberedByClient = isOfClient
    }

    /// Whether the next message that is sent may have another number than the one after `n`.
    var isNumberedApart: Bool { !waitingAgain.isEmpty || reserved > n }

    /// The number of the next message that is sent, if the node numbers it: the one that it was sent with before,
    /// or one above those in doubt.
    var nextNumber: UInt64 { waitingAgain.first ?? max(n, reserved) + 1 }

    /// Notes that a message waits to be sent again, before all others of the login.
    mutating func putBack(_ number: UInt64) {
        if number <= reserved { waitingAgain.insert(number, at: 0) }
    }

    /// Notes that the first message that waits has left.
    mutating func leftWaiting() { if !waitingAgain.isEmpty { waitingAgain.removeFirst() } }

    /// Whether the number of a refused removal is not free, although its client would use it for another message:
    /// others may have heard of the removal under it.
    func keepsNumber(of removal: SealedDraft) -> Bool {
        removal.draft.tag.n != nil && removal.n <= lastInDoubt
    }

    /// Lets the client use the number of a removal for another message.
    mutating func free(_ number: UInt64) {
        if isNumberedByClient { lastInDoubt = min(lastInDoubt, number - 1) }
    }

    /// Whether no message has been sent since the last one that was accepted.
    var isSettled: Bool { n == accepted }

    /// Whether a number is the next one.
    func isNext(_ number: UInt64) -> Bool { number == n + 1 }

    /// Returns what becomes of a message that its client has numbered, if it is not sent: because that
    /// number was accepted before, or is not the next; nil: it is sent, now or later.
    @inline(never)
    func settlement(of number: UInt64) -> Settlement? {
        guard phase == .held else { return nil }
        if number > n + 1 { return .outOfOrder(expected: n + 1) }
        // A message with a number above `accepted` is on its way, and may still be refused.
        guard number <= accepted else { return nil }
        let seq = number == accepted && acceptedSeq > 0 ? acceptedSeq : nil
        let mid = MessageID(producer: producer, n: number)
        return .accepted(Acceptance(mid: mid, seq: seq, isRepeated: true))
    }

    /// Makes the number of a message that was not written, and is not in flight any more, the next one
    /// again.
    mutating func takeBack(_ number: UInt64) { n = number - 1 }

    /// Gives a number up, and all before it, as if they were accepted.
    mutating func skip(upTo number: UInt64) {
        n = max(n, number)
        accept(number, at: 0)
    }

    /// Notes that a message was accepted.
    mutating func accept(_ number: UInt64, at seq: UInt64) {
        guard number > accepted else { return }
        accepted = number
        acceptedSeq = seq
    }
}

/// A name that is being given up: it may still be this login's, until its release is answered.
struct PendingRelease: Sendable {
    let key: String
    let incarnation: Incarnation
    let action: Release.Action
    /// The socket that waits for the answer; nil if none does any more.
    var socket: SocketID?
    var isSent = false

    func release(_ login: LoginID) -> Release {
        Release(key: key, incarnation: incarnation, condition: .login(login), action: action)
    }
}

/// What a login that asks for a name can prove, and what it is given if the name is granted.
struct Credentials: Sendable {
    let secret: LoginSecret
    /// An earlier login of the same user; nil: there is none.
    let proof: LoginID?
}
