import ChatCore
import ChatSupport
import Glibc
import Logging

/// What the operator is told about Redis, and the node with it.
///
/// On: the home loop.
struct RedisReport {
    private let settings: RedisSettings
    private let node: any NodeEvents
    /// The fault that the operator has been told of; nil if there is none.
    private var told: RedisFault?
    /// When the operator was last told of a damaged record.
    private var toldDamagedAt = Instant.distantPast
    /// The version of Redis, for people; empty before the first connection.
    var version = ""

    init(settings: RedisSettings, node: any NodeEvents) {
        self.settings = settings
        self.node = node
    }

    /// Tells of a fault: once for each kind, not for each connection and try.
    mutating func tell(_ fault: RedisFault) {
        guard fault != told else { return }
        // A cut that nothing else explains is followed by its reason, or by nothing; and if Redis
        // turns the node away, the subscription is silent because nothing can be said over it.
        if told != nil, fault == .closed || fault == .timedOut { return }
        told = fault
        let trouble = RedisTrouble(
            fault,
            settings.address,
            user: settings.credentials.user,
            prefix: settings.keys.prefix
        )
        if node.isStarting {
            Terminal.complain(trouble.description)
        } else {
            settings.log.error(
                "\(trouble.cause); trying again",
                metadata: ["fix": "\(trouble.fix)"]
            )
        }
    }

    /// Notes a cut that may be mended in a moment.
    func debug(_ fault: RedisFault, of part: Availability.Part) {
        let trouble = RedisTrouble(fault, settings.address)
        settings.log.debug("\(trouble.cause); connecting again", metadata: ["part": "\(part)"])
    }

    /// Tells that all is well again, if a fault was told.
    mutating func tellWell() {
        guard told != nil else { return }
        told = nil
        settings.log.info("Redis is there", metadata: ["address": "\(settings.address)"])
    }

    /// The node is ready for the first time.
    func ready() {
        node.backendIsReady("\(settings.address)  \(version)")
    }

    func otherVersion(_ version: UInt64) {
        let description = """
            error: the data in Redis at \(settings.address) has the form of another version of \
            this program (number \(version))
              fix: start the chatnode that wrote it, or take another --redis-prefix
            """
        node.backendHasFailed(description, exitCode: EX_CONFIG)
    }

    func sameLabel(_ other: Incarnation) {
        settings.log.warning(
            "another living node has this one's label; give each its own --node-id",
            metadata: ["label": "\(settings.label)", "incarnation": "\(other)"]
        )
    }

    func freeing(_ key: String) {
        settings.log.notice("freeing a name that nobody holds", metadata: ["key": "\(key)"])
    }

    /// Tells of a name whose record is damaged: once a minute at most, because each login that asks
    /// for the name meets the record.
    mutating func damaged(_ key: String, now: Instant) {
        guard now >= toldDamagedAt + Limits.malformedReportInterval else { return }
        toldDamagedAt = now
        let record = settings.keys.name(key)
        settings.log.warning(
            "the record of a name is damaged; nobody can claim the name",
            metadata: ["key": "\(record)", "fix": "look at it with redis-cli, then delete it: DEL"]
        )
    }

    func missed(_ range: ClosedRange<UInt64>?) {
        settings.log.warning(
            "messages are lost to this node's clients",
            metadata: [
                "from": "\(range.map { "\($0.lowerBound)" } ?? "unknown")",
                "to": "\(range.map { "\($0.upperBound)" } ?? "unknown")",
            ]
        )
    }
}
