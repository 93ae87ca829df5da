/// A node's standing with its broker: in which reign it is registered and as what, until when it can
/// prove that its names are its own, and whom it has to declare dead.
///
/// One heartbeat a node, not one time-out a name. On: the control plane's loop.
public struct Lease: Sendable {
    private enum Phase: Hashable {
        /// There is no connection.
        case away
        case fencing
        case registering
        case standing
        /// The last question was turned away: again at the next renewal's time.
        case waiting
    }

    private struct Pending {
        let call: Call
        let sentAt: Instant
    }

    private let label: String
    /// Counts only on the first connection of a process, and only where it begins the data set.
    private var isNewCluster: Bool
    private var phase = Phase.away
    private var pending = FIFO<Pending>()

    /// The process, as others know it. Another one after every death certificate.
    public private(set) var incarnation: Incarnation
    private var reign: Reign?
    /// Where this incarnation is known: once there, it is known there for good or dead.
    private var registeredIn: Reign?
    private var highestEpoch: UInt64 = 0
    private var highestDataSet = ""
    private var highestFence: UInt64 = 0
    private var graceSince: Instant?
    private var isEndingGrace = false
    private var endedGraceAt = Instant.distantPast

    /// Its own counter in the newest answer.
    private var ownCounter: UInt64 = 0

    private var renewedAt = Instant.distantPast
    private var isRenewing = false
    private var watch = Watch()
    private var reaping: Set<Incarnation> = []

    /// A process that nobody knows yet.
    public init(label: String, isNewCluster: Bool, incarnation: Incarnation) {
        self.label = label
        self.isNewCluster = isNewCluster
        self.incarnation = incarnation
    }

    /// What every loop was told last; nil before the first registration.
    public var standing: Standing? {
        guard phase == .standing, let reign else { return nil }
        return Standing(reign: reign, incarnation: incarnation, isGrace: graceSince != nil)
    }
}

// MARK: - What happens

extension Lease {
    /// There is a connection to the broker.
    public mutating func linkUp(now: Instant, into effects: inout [Effect]) {
        fence(now, &effects)
    }

    /// It is gone: calls without an answer will have none.
    public mutating func linkLost() {
        phase = .away
        isNewCluster = false
        _ = pending.takeAll()
        isRenewing = false
        isEndingGrace = false
        reaping = []
        // While nobody answers, everybody's counter stands still.
        watch.restart()
    }

    /// A loop has met another reign than the one told, or its incarnation is not known: look.
    public mutating func doubted(epoch: UInt64, now: Instant, into effects: inout [Effect]) {
        saw(epoch: epoch, dataSet: "")
        if phase == .standing { fence(now, &effects) }
    }

    /// The highest fence that a loop has been granted: no later one may be lower, whatever is lost.
    public mutating func granted(fence: UInt64) {
        highestFence = max(highestFence, fence)
    }

    /// A dead process's names are free, or could not be freed now.
    public mutating func reaped(_ dead: Incarnation) {
        reaping.remove(dead)
    }

    /// When `tick` has something to do.
    public var due: Instant {
        guard phase == .standing || phase == .waiting else { return .distantFuture }
        let renewal = isRenewing ? .distantFuture : renewedAt + Limits.renewInterval
        guard phase == .standing else { return renewal }
        let grace = graceSince.map { max($0 + Limits.grace, endedGraceAt + Limits.renewInterval) }
        return min(renewal, isEndingGrace ? .distantFuture : grace ?? .distantFuture, watch.due)
    }

    /// What is due is done.
    public mutating func tick(
        now: Instant,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        if phase == .waiting, now >= renewedAt + Limits.renewInterval {
            return fence(now, &effects)
        }
        guard phase == .standing, let reign else { return }
        if !isRenewing, now >= renewedAt + Limits.renewInterval { renew(reign, now, &effects) }
        if let graceSince, !isEndingGrace, now >= graceSince + Limits.grace,
            now >= endedGraceAt + Limits.renewInterval
        {
            isEndingGrace = true
            endedGraceAt = now
            ask(.endGrace(reign), now, &effects)
        }
        for dead in watch.takeOverdue(now: now) {
            let call = CertifyCall(reign: reign, incarnation: incarnation, dead: dead)
            ask(.certify(call), now, &effects)
        }
    }

    /// The answer to the oldest call that had none.
    public mutating func answered(
        _ answer: Answer,
        now: Instant,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        guard let pending = pending.popFirst() else { preconditionFailure("an answer to nothing") }
        switch (pending.call, answer) {
        case (.fence, .fence(let answer)):
            fenced(answer, now, &effects)
        case (.register(let call), .roster(let answer)):
            registered(call, answer, now, &random, &effects)
        case (.renew(let call), .roster(let answer)):
            renewed(call, pending.sentAt, answer, now, &random, &effects)
        case (.certify(let call), .certify(.certified)):
            reap(call.dead.incarnation, &effects)
        case (.certify(let call), .certify):
            watch.lookAgain(at: call.dead.incarnation, now: now)
        case (.endGrace(let reign), .endGrace(let isOver)):
            graceEnded(reign, isOver, now, &effects)
        case (let call, .refused):
            refused(call, now)
        default:
            preconditionFailure("an answer of another kind than its call")
        }
    }
}

// MARK: - Reign

extension Lease {
    private mutating func ask(_ call: Call, _ now: Instant, _ effects: inout [Effect]) {
        pending.append(Pending(call: call, sentAt: now))
        effects.append(.call(call))
    }

    private mutating func saw(epoch: UInt64, dataSet: String) {
        if epoch > highestEpoch {
            highestEpoch = epoch
            highestDataSet = dataSet
        } else if epoch == highestEpoch, !dataSet.isEmpty {
            highestDataSet = dataSet
        }
    }

    private mutating func fence(_ now: Instant, _ effects: inout [Effect]) {
        phase = .fencing
        let call = FenceCall(
            highestEpoch: highestEpoch,
            highestDataSet: highestDataSet,
            highestFence: highestFence,
            isNewCluster: isNewCluster
        )
        ask(.fence(call), now, &effects)
    }

    private mutating func fenced(
        _ answer: FenceAnswer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard case .reign(let new, let isGrace) = answer else {
            if case .otherVersion(let version) = answer {
                effects.append(.otherVersion(version: version))
            }
            return
        }
        saw(epoch: new.epoch, dataSet: new.dataSet)
        if new != reign {
            // Nothing is sure in a reign until it has been claimed there.
            if reign != nil { effects.append(.horizon(.distantPast)) }
            reign = new
            ownCounter = 0
            graceSince = nil
            watch.restart()
        }
        graceSince = isGrace ? graceSince ?? now : nil
        guard registeredIn == new else { return register(new, now, &effects) }
        // Not again: it may have been certified dead meanwhile, and all of it be gone, so that
        // nothing but a heartbeat tells.
        phase = .registering
        renew(new, now, &effects)
    }

    private mutating func register(_ reign: Reign, _ now: Instant, _ effects: inout [Effect]) {
        phase = .registering
        let call = RegisterCall(reign: reign, incarnation: incarnation, label: label)
        ask(.register(call), now, &effects)
    }

    private mutating func registered(
        _ call: RegisterCall,
        _ answer: RosterAnswer,
        _ now: Instant,
        _ random: inout some RandomNumberGenerator,
        _ effects: inout [Effect]
    ) {
        switch answer {
        case .roster(let roster):
            phase = .standing
            registeredIn = call.reign
            standingTold(&effects)
            look(roster, now, &effects)
            // A registration makes known; only a heartbeat proves anything.
            renew(call.reign, now, &effects)
        case .unregistered:
            comeBackAsAnother(call.reign, now, &random, &effects)
        case .otherReign:
            fence(now, &effects)
        }
    }

    private func standingTold(_ effects: inout [Effect]) {
        if let standing { effects.append(.stands(standing)) }
    }

    /// A certified incarnation never comes back: what it has sent long ago and what still arrives
    /// is void.
    private mutating func comeBackAsAnother(
        _ reign: Reign,
        _ now: Instant,
        _ random: inout some RandomNumberGenerator,
        _ effects: inout [Effect]
    ) {
        incarnation = Incarnation(using: &random)
        ownCounter = 0
        registeredIn = nil
        watch.restart()
        effects.append(.horizon(.distantPast))
        register(reign, now, &effects)
    }

    private mutating func graceEnded(
        _ ended: Reign,
        _ isOver: Bool,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard ended == reign else { return }
        isEndingGrace = false
        if isOver {
            graceSince = nil
            standingTold(&effects)
        } else if phase == .standing {
            fence(now, &effects)
        }
    }

    private mutating func refused(_ call: Call, _ now: Instant) {
        switch call {
        case .renew:
            isRenewing = false
            if phase == .registering { phase = .waiting }
        case .endGrace: isEndingGrace = false
        case .certify(let call): watch.lookAgain(at: call.dead.incarnation, now: now)
        case .fence, .register:
            phase = .waiting
            renewedAt = now
        }
    }
}

// MARK: - Heartbeats

extension Lease {
    private mutating func renew(_ reign: Reign, _ now: Instant, _ effects: inout [Effect]) {
        isRenewing = true
        renewedAt = now
        ask(.renew(RenewCall(reign: reign, incarnation: incarnation)), now, &effects)
    }

    private mutating func renewed(
        _ call: RenewCall,
        _ sentAt: Instant,
        _ answer: RosterAnswer,
        _ now: Instant,
        _ random: inout some RandomNumberGenerator,
        _ effects: inout [Effect]
    ) {
        isRenewing = false
        // A reign or an incarnation that is no more proves nothing.
        guard call.reign == reign, call.incarnation == incarnation,
            phase == .standing || phase == .registering
        else { return }
        switch answer {
        case .roster(let roster) where hasGoneBack(roster):
            comeBackAsAnother(call.reign, now, &random, &effects)
        case .roster(let roster):
            if phase == .registering {
                phase = .standing
                standingTold(&effects)
            }
            // From before it was sent: what happened in between is on nobody's side.
            effects.append(.horizon(sentAt + (Limits.lease - Limits.leaseMargin)))
            look(roster, now, &effects)
        case .unregistered:
            comeBackAsAnother(call.reign, now, &random, &effects)
        case .otherReign:
            effects.append(.horizon(.distantPast))
            fence(now, &effects)
        }
    }

    /// Whether this incarnation's own counter does not stand above the one before: it was off the list
    /// for a while, and may have been certified dead.
    private mutating func hasGoneBack(_ roster: Roster) -> Bool {
        guard let own = roster.beats.first(where: { $0.incarnation == incarnation }) else {
            return false
        }
        defer { ownCounter = own.counter }
        return own.counter <= ownCounter
    }

    private mutating func look(_ roster: Roster, _ now: Instant, _ effects: inout [Effect]) {
        for other in watch.look(roster, own: incarnation, now: now) { effects.append(.met(other)) }
        for dead in roster.dead { reap(dead, &effects) }
    }

    private mutating func reap(_ dead: Incarnation, _ effects: inout [Effect]) {
        if reaping.insert(dead).inserted { effects.append(.reap(dead)) }
    }
}
