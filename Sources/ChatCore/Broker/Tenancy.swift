/// As what a node asks for its names: the same for all of them, and so kept once.
final class Footing: Sendable {
    let reign: Reign
    let incarnation: Incarnation

    init(_ standing: Standing) {
        reign = standing.reign
        incarnation = standing.incarnation
    }

    /// The node is still the same, under the same reign.
    func holds(in standing: Standing?) -> Bool {
        reign == standing?.reign && incarnation == standing?.incarnation
    }
}

/// A name that one socket's login has, or wants to have.
struct Tenancy: Sendable {
    /// How sure the login may be of it.
    enum Phase: Sendable, Hashable {
        /// To be asked for as soon as the broker can be asked.
        case waitingToAsk
        /// Asked for; the answer is to come.
        case claiming
        /// To be asked for when the grace is over.
        case waitingForGrace
        /// Granted.
        case held
        /// Granted once, and to be claimed again before it is used again.
        case doubtful
        /// Claimed again; the answer is to come.
        case reclaiming
    }

    /// In the spelling that was claimed last.
    var username: Username
    let session: SessionID
    /// When its client asked.
    let since: Instant
    var phase: Phase
    /// It was asked for, and the answer got lost: the broker may take it for ours.
    var mayBeGranted = false
    /// As what it was last asked for.
    var footing: Footing
    var lineage: Lineage
    var fence: UInt64 = 0
    /// The epoch in which it was granted.
    var grantedIn: UInt64 = 0
    /// The last number that a message was sent under.
    var n: UInt64 = 0
    /// The last one known to be accepted, and its place.
    var accepted: UInt64 = 0
    var acceptedSeq: UInt64 = 0

    /// The claim, as things stand.
    var claim: Claim {
        let isNew = phase != .held && phase != .doubtful && phase != .reclaiming
        return Claim(
            reign: footing.reign,
            username: username,
            incarnation: footing.incarnation,
            session: session,
            lineage: lineage,
            known: isNew
                ? nil : .init(fence: fence, n: accepted, seq: acceptedSeq, epoch: grantedIn)
        )
    }

    /// The name is granted, for the first time or again: what was sent before is void unless the
    /// grant counts it.
    mutating func hold(_ grant: Grant) {
        phase = .held
        fence = grant.fence
        grantedIn = footing.reign.epoch
        lineage = grant.lineage
        n = grant.n
        accepted = grant.n
        acceptedSeq = grant.seq
    }

    /// A message was accepted.
    mutating func accept(_ number: UInt64, at seq: UInt64) {
        guard number > accepted else { return }
        accepted = number
        acceptedSeq = seq
    }
}

/// A name on its way back: ours, perhaps, until its release is answered.
struct Departure: Sendable {
    let key: String
    let incarnation: Incarnation
    /// Who waits for the answer; nil where nobody does any more.
    var socket: SocketID?
    var isSent = false

    func release(_ session: SessionID) -> Release {
        Release(key: key, incarnation: incarnation, condition: .session(session))
    }
}
