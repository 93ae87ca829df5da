import ChatCore
import ChatSupport

extension Report {
    /// How late a message may leave without counting as late: as long as a loop's turn should take.
    static let late = Duration.milliseconds(1)

    /// The shortest time, in seconds, for which shares of processor time are meaningful.
    private static let shortest = 0.1

    /// Adds what every run with messages reports. The work of generator and servers is told for each
    /// delivery, or for each of `count` other things.
    mutating func add(
        _ outcome: Scenario.Outcome,
        recipients: Int,
        isVerifying: Bool,
        each thing: String = "delivery",
        _ count: Int? = nil
    ) {
        addCounts(outcome, recipients)
        let counts = outcome.counts
        latency("latency", "latency_us", counts.latency, "to each receipt")
        latency("to the last", "last_recipient_us", counts.toLast, "to the last recipient")
        if outcome.isAcknowledged {
            field("acks", .int(counts.acked))
            latency("ack", "ack_us", counts.ackLatency, "to the ack, at the sender")
        }
        addLateness(counts.lateness)
        addRefusals(counts.refused)
        addUsage(outcome.usage, each: thing, count ?? outcome.usage.deliveries)
        addFaults(outcome, recipients, isVerifying)
    }

    private mutating func addCounts(_ outcome: Scenario.Outcome, _ recipients: Int) {
        let counts = outcome.counts
        let seconds = outcome.measuredSeconds
        let perSecond = seconds > 0 ? Double(counts.completeMeasured) / seconds : 0
        let deliveries = seconds > 0 ? Double(counts.deliveriesMeasured) / seconds : 0
        let due = outcome.intended.map { " of \($0.grouped) that were due" } ?? ""
        row(
            "messages",
            "\(counts.sentMeasured.grouped)\(due) in \(seconds.threeDigits) s, "
                + "\(counts.completeMeasured.grouped) heard by all \(recipients.grouped): "
                + "\(perSecond.threeDigits)/s"
        )
        row(
            "deliveries",
            "\(counts.deliveriesMeasured.grouped): \(deliveries.threeDigits)/s"
        )
        field("measured_seconds", .number(seconds))
        field("messages_intended", outcome.intended.map { .int($0) } ?? .null)
        field("messages_sent", .int(counts.sentMeasured))
        field("messages_heard_by_all", .int(counts.completeMeasured))
        field("messages_per_second", .number(perSecond))
        field("deliveries", .int(counts.deliveriesMeasured))
        field("deliveries_per_second", .number(deliveries))
        field("foreign_messages", .int(counts.foreign))
    }

    private mutating func addLateness(_ lateness: Latency) {
        let isLate = lateness.percentile(99) > Self.late
        field("lateness_us", lateness.json)
        guard lateness.count > 0 else { return }
        row("sends", "late by \(lateness.text)")
        if isLate {
            note(
                "more than 1 % of the messages left over \(Self.late.short) behind their time; "
                    + "latency counts from the intended time all the same"
            )
        }
    }

    private mutating func addRefusals(_ refused: Reasons) {
        field("refused", .object(refused.sorted { $0.key < $1.key }.map { ($0, .int($1)) }))
        guard !refused.isEmpty else { return }
        let counts = refused.sorted { $0.key < $1.key }.map { "\($0.key.printable) \($0.value)×" }
        var text =
            "the server refused messages: \(counts.joined(separator: ", ")); the run ended there"
        if refused["rate_limited"] != nil {
            text += """

                  fix: chatnode --message-rate 0 --byte-rate 0      on every node of a test; or more \
                --senders, or a lower --rate: a client may send 20 messages and 64 KiB a second
                """
        }
        fail(.refused, text)
    }

    /// Adds how busy the generator and the servers were, in all and for each of `count` things;
    /// adds nothing if the run was too short to tell.
    mutating func addUsage(_ usage: Usage, each thing: String, _ count: Int) {
        guard usage.seconds > Self.shortest else {
            for key in ["busiest_loop", "waiting", "us_per_\(thing)", "saturated"] {
                field("generator_\(key)", .null)
            }
            return
        }
        let cost = { (microseconds: Double?) in
            microseconds.map { ", \($0.threeDigits) µs a \(thing)" } ?? ""
        }
        row(
            "generator",
            "busiest loop \(usage.busiest.percent), waiting \(usage.waiting.percent)"
                + cost(usage.generator(per: count))
        )
        field("generator_busiest_loop", .number(usage.busiest))
        field("generator_waiting", .number(usage.waiting))
        field("generator_us_per_\(thing)", usage.generator(per: count).json)
        field("generator_saturated", .bool(usage.isSaturated))
        if let server = usage.server {
            row("server", "\(server.threeDigits) processors busy" + cost(usage.server(per: count)))
            field("server_processors", .number(server))
            field("server_us_per_\(thing)", usage.server(per: count).json)
        }
        if usage.isSaturated {
            note(
                "the generator was the bottleneck: its busiest loop ran \(usage.busiest.percent) of "
                    + "the time. The figures are its own, not the server's: more --loops, or more "
                    + "machines"
            )
        } else if usage.waiting > Usage.disturbance {
            note(
                "this machine is short of processors: the generator's loop waited "
                    + "\(usage.waiting.percent) of the time for one, and latency includes it"
            )
        }
    }

    private mutating func addFaults(
        _ outcome: Scenario.Outcome,
        _ recipients: Int,
        _ isVerifying: Bool
    ) {
        let faults = outcome.faults
        let gone = outcome.gone
        let parts = [
            (faults.lost, "lost"), (faults.doubled, "doubled"), (faults.outOfOrder, "out of order"),
            (faults.seqBreaks, "breaks in seq"),
            (faults.disagreeing, "recipients with another order"),
            (faults.astray, "in the wrong room"), (faults.unacknowledged, "without an ack"),
            (faults.undueAcks, "acks that were not due"), (gone, "recipients gone"),
        ].filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }
        field("lost", .int(faults.lost))
        field("doubled", .int(faults.doubled))
        field("out_of_order", .int(faults.outOfOrder))
        field("seq_breaks", .int(faults.seqBreaks))
        field("disagreeing_recipients", .int(faults.disagreeing))
        if outcome.isAcknowledged {
            field("astray", .int(faults.astray))
            field("unacknowledged", .int(faults.unacknowledged))
            field("undue_acks", .int(faults.undueAcks))
        }
        field("recipients_gone", .int(gone))
        let heard = outcome.counts.deliveries
        let isRight = parts.isEmpty && heard > 0
        field("correct", .bool(isRight && outcome.counts.refused.isEmpty))
        guard outcome.counts.refused.isEmpty else {
            return row("checked", "no: messages were refused")
        }
        guard !isRight else {
            return row(
                "checked",
                "each of \(outcome.counts.complete.grouped) messages once, in one order, at all "
                    + "\(recipients.grouped) recipients" + (outcome.rooms > 1 ? " of its room" : "")
                    + (outcome.isAcknowledged ? ", and acknowledged once" : "")
            )
        }
        let found = heard > 0 ? parts.joined(separator: ", ") : "nothing was heard at all"
        row("checked", found)
        if isVerifying {
            fail(.verificationFailed, "not verified: \(found)")
        } else if gone == recipients {
            fail(.unreachable, "all recipients are gone")
        } else if heard == 0, outcome.counts.sentMeasured > 0 {
            fail(.unreachable, "nothing was heard at all")
        }
    }

    /// Adds why clients that were logged in have ended, by reason.
    mutating func addEnds(_ ends: Reasons) {
        field("disconnects", .object(ends.sorted { $0.key < $1.key }.map { ($0, .int($1)) }))
        for (reason, count) in ends.sorted(by: { $0.value > $1.value }).prefix(5) {
            row("gone", "\(count.grouped) × \(reason.printable)")
        }
    }

    /// Adds why clients had to try again before they were in, by reason.
    mutating func addPostponed(_ reasons: Reasons) {
        field("postponed", .object(reasons.sorted { $0.key < $1.key }.map { ($0, .int($1)) }))
        for (reason, count) in reasons.sorted(by: { $0.value > $1.value }).prefix(5) {
            row("postponed", "\(count.grouped) × \(reason.printable)")
        }
    }

    /// Adds why clients could not log in, by reason.
    mutating func addTurnedAway(_ reasons: Reasons) {
        field("turned_away", .object(reasons.sorted { $0.key < $1.key }.map { ($0, .int($1)) }))
        for (reason, count) in reasons.sorted(by: { $0.value > $1.value }).prefix(5) {
            row("turned away", "\(count.grouped) × \(reason.printable)")
        }
    }
}

extension Double? {
    fileprivate var json: JSONValue { map { .number($0) } ?? .null }
}
