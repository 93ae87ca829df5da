/// Keeps a node registered in the present epoch, renews its lease by heartbeats, and certifies dead the
/// nodes whose heartbeats have stopped.
///
/// There is one heartbeat for the whole node, not an expiry for each name. On: the home loop.
public struct Lease: Sendable {
    private enum Phase: Hashable {
        /// There is no connection.
        case away
        case openingEpoch
        case registering
        case registered
        /// The last call was refused; it is repeated when the next heartbeat is due.
        case waiting
    }

    private struct Pending {
        let call: Call
        let sentAt: Instant
    }

    private let label: String
    /// Whether the operator has said `--new-cluster`. False after the first connection is lost.
    private var isNewCluster: Bool
    private var phase = Phase.away
    private var pending = FIFO<Pending>()

    /// This process as the other nodes know it; another one after each time that it was certified dead.
    public private(set) var incarnation: Incarnation
    private var epoch: Epoch?
    /// The epoch that this incarnation was registered in; it is not registered there a second time.
    private var registeredIn: Epoch?
    private var highestEpoch: UInt64 = 0
    private var highestDataSet = ""
    private var highestFence: UInt64 = 0
    private var graceSince: Instant?
    private var isEndingGrace = false
    private var endedGraceAt = Instant.distantPast

    /// This node's own counter in the newest roster.
    private var ownCounter: UInt64 = 0

    private var renewedAt = Instant.distantPast
    private var isRenewing = false
    private var failureDetector = FailureDetector()
    private var reaping: Set<Incarnation> = []

    /// Makes the lease of a process that is not registered yet.
    public init(label: String, isNewCluster: Bool, incarnation: Incarnation) {
        self.label = label
        self.isNewCluster = isNewCluster
        self.incarnation = incarnation
    }

    /// The registration that every loop has been told; nil while the node has none.
    public var registration: Registration? {
        guard phase == .registered, let epoch else { return nil }
        return Registration(epoch: epoch, incarnation: incarnation, isGrace: graceSince != nil)
    }
}

// MARK: - What happens

extension Lease {
    /// Takes note that there is a membership connection, and opens the epoch on it.
    public mutating func linkUp(now: Instant, into effects: inout [Effect]) {
        openEpoch(now, &effects)
    }

    /// Takes note that the connection is gone: calls without an answer will have none.
    public mutating func linkLost() {
        phase = .away
        isNewCluster = false
        _ = pending.takeAll()
        isRenewing = false
        isEndingGrace = false
        reaping = []
        // Without answers every counter seems to stand still.
        failureDetector.restart()
    }

    /// Opens the epoch again, because an answer to a loop contradicts the registration.
    public mutating func recheck(epoch: UInt64, now: Instant, into effects: inout [Effect]) {
        saw(epoch: epoch, dataSet: "")
        if phase == .registered { openEpoch(now, &effects) }
    }

    /// Takes note of a fence that a loop was granted: no later one may be lower, even after a loss.
    public mutating func granted(fence: UInt64) {
        highestFence = max(highestFence, fence)
    }

    /// Takes note that all names of a dead incarnation were freed, or that this has failed.
    public mutating func reaped(_ dead: Incarnation) {
        reaping.remove(dead)
    }

    /// When `tick` has something to do.
    public var due: Instant {
        guard phase == .registered || phase == .waiting else { return .distantFuture }
        let renewal = isRenewing ? .distantFuture : renewedAt + Limits.renewInterval
        guard phase == .registered else { return renewal }
        let grace = graceSince.map { max($0 + Limits.grace, endedGraceAt + Limits.renewInterval) }
        return min(
            renewal,
            isEndingGrace ? .distantFuture : grace ?? .distantFuture,
            failureDetector.due
        )
    }

    /// Does what is due: sends a heartbeat, ends the grace, certifies dead nodes.
    public mutating func tick(
        now: Instant,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        if phase == .waiting, now >= renewedAt + Limits.renewInterval {
            return openEpoch(now, &effects)
        }
        guard phase == .registered, let epoch else { return }
        if !isRenewing, now >= renewedAt + Limits.renewInterval { renew(epoch, now, &effects) }
        if let graceSince, !isEndingGrace, now >= graceSince + Limits.grace,
            now >= endedGraceAt + Limits.renewInterval
        {
            isEndingGrace = true
            endedGraceAt = now
            ask(.endGrace(epoch), now, &effects)
        }
        for dead in failureDetector.takeOverdue(now: now) {
            let call = CertifyCall(epoch: epoch, incarnation: incarnation, dead: dead)
            ask(.certify(call), now, &effects)
        }
    }

    /// Takes the answer to the oldest call that has none yet.
    public mutating func answered(
        _ answer: Answer,
        now: Instant,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        guard let pending = pending.popFirst() else { preconditionFailure("an answer to nothing") }
        switch (pending.call, answer) {
        case (.openEpoch, .openEpoch(let answer)):
            epochOpened(answer, now, &effects)
        case (.register(let call), .roster(let answer)):
            registered(call, answer, now, &random, &effects)
        case (.renew(let call), .roster(let answer)):
            renewed(call, pending.sentAt, answer, now, &random, &effects)
        case (.certify(let call), .certify(.certified)):
            reap(call.dead.incarnation, &effects)
        case (.certify(let call), .certify):
            failureDetector.lookAgain(at: call.dead.incarnation, now: now)
        case (.endGrace(let epoch), .endGrace(let isOver)):
            graceEnded(epoch, isOver, now, &effects)
        case (let call, .refused):
            refused(call, now)
        default:
            preconditionFailure("an answer of another kind than its call")
        }
    }
}

// MARK: - Epoch

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

    private mutating func openEpoch(_ now: Instant, _ effects: inout [Effect]) {
        phase = .openingEpoch
        let call = OpenEpochCall(
            highestEpoch: highestEpoch,
            highestDataSet: highestDataSet,
            highestFence: highestFence,
            isNewCluster: isNewCluster
        )
        ask(.openEpoch(call), now, &effects)
    }

    private mutating func epochOpened(
        _ answer: OpenEpochAnswer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard case .epoch(let new, let isGrace) = answer else {
            if case .otherVersion(let version) = answer {
                effects.append(.otherVersion(version: version))
            }
            return
        }
        saw(epoch: new.number, dataSet: new.dataSet)
        if new != epoch {
            // No name is proven in an epoch until it has been claimed there.
            if epoch != nil { effects.append(.leaseExpiry(.distantPast)) }
            epoch = new
            ownCounter = 0
            graceSince = nil
            failureDetector.restart()
        }
        graceSince = isGrace ? graceSince ?? now : nil
        guard registeredIn == new else { return register(new, now, &effects) }
        // It is not registered again, because it may have been certified dead and reaped meanwhile.
        // Then Redis has nothing of it left, and only a heartbeat is answered with `unregistered`.
        phase = .registering
        renew(new, now, &effects)
    }

    private mutating func register(_ epoch: Epoch, _ now: Instant, _ effects: inout [Effect]) {
        phase = .registering
        let call = RegisterCall(epoch: epoch, incarnation: incarnation, label: label)
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
            phase = .registered
            registeredIn = call.epoch
            announceRegistration(&effects)
            look(roster, now, &effects)
            // A registration extends no lease; only a heartbeat does.
            renew(call.epoch, now, &effects)
        case .unregistered:
            comeBackAsAnother(call.epoch, now, &random, &effects)
        case .otherEpoch:
            openEpoch(now, &effects)
        }
    }

    private func announceRegistration(_ effects: inout [Effect]) {
        if let registration { effects.append(.registrationChanged(registration)) }
    }

    /// Registers with a new incarnation, because the one before was certified dead: calls of its that
    /// arrive late must not take effect.
    private mutating func comeBackAsAnother(
        _ epoch: Epoch,
        _ now: Instant,
        _ random: inout some RandomNumberGenerator,
        _ effects: inout [Effect]
    ) {
        incarnation = Incarnation(using: &random)
        ownCounter = 0
        registeredIn = nil
        failureDetector.restart()
        effects.append(.leaseExpiry(.distantPast))
        register(epoch, now, &effects)
    }

    private mutating func graceEnded(
        _ ended: Epoch,
        _ isOver: Bool,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard ended == epoch else { return }
        isEndingGrace = false
        if isOver {
            graceSince = nil
            announceRegistration(&effects)
        } else if phase == .registered {
            openEpoch(now, &effects)
        }
    }

    private mutating func refused(_ call: Call, _ now: Instant) {
        switch call {
        case .renew:
            isRenewing = false
            if phase == .registering { phase = .waiting }
        case .endGrace: isEndingGrace = false
        case .certify(let call): failureDetector.lookAgain(at: call.dead.incarnation, now: now)
        case .openEpoch, .register:
            phase = .waiting
            renewedAt = now
        }
    }
}

// MARK: - Heartbeats

extension Lease {
    private mutating func renew(_ epoch: Epoch, _ now: Instant, _ effects: inout [Effect]) {
        isRenewing = true
        renewedAt = now
        ask(.renew(RenewCall(epoch: epoch, incarnation: incarnation)), now, &effects)
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
        // A heartbeat in an earlier epoch, or of an earlier incarnation, extends no lease.
        guard call.epoch == epoch, call.incarnation == incarnation,
            phase == .registered || phase == .registering
        else { return }
        switch answer {
        case .roster(let roster) where hasGoneBack(roster):
            comeBackAsAnother(call.epoch, now, &random, &effects)
        case .roster(let roster):
            if phase == .registering {
                phase = .registered
                announceRegistration(&effects)
            }
            // Counted from before it was sent: Redis may have counted it at any moment since then.
            effects.append(.leaseExpiry(sentAt + (Limits.lease - Limits.leaseMargin)))
            look(roster, now, &effects)
        case .unregistered:
            comeBackAsAnother(call.epoch, now, &random, &effects)
        case .otherEpoch:
            effects.append(.leaseExpiry(.distantPast))
            openEpoch(now, &effects)
        }
    }

    /// Returns whether this incarnation's own counter has not grown: then it was missing from the roster
    /// for a while, and may have been certified dead.
    private mutating func hasGoneBack(_ roster: Roster) -> Bool {
        guard let own = roster.heartbeats.first(where: { $0.incarnation == incarnation }) else {
            return false
        }
        defer { ownCounter = own.counter }
        return own.counter <= ownCounter
    }

    private mutating func look(_ roster: Roster, _ now: Instant, _ effects: inout [Effect]) {
        for other in failureDetector.look(roster, own: incarnation, now: now) {
            effects.append(.met(other))
        }
        for dead in roster.dead { reap(dead, &effects) }
    }

    private mutating func reap(_ dead: Incarnation, _ effects: inout [Effect]) {
        if reaping.insert(dead).inserted { effects.append(.reap(dead)) }
    }
}
