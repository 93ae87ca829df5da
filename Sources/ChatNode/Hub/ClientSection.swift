import ChatCore
import ChatSupport

/// The settings of what one client may send, and of how a dead one is noticed.
struct ClientSection: SettingsSection {
    /// Messages a second; 0 is no limit.
    var messageRate = Limits.messageRate
    /// Messages.
    var messageBurst = Limits.messageBurst
    /// Bytes a second; 0 is no limit.
    var byteRate = Int(Limits.byteRate)
    /// Bytes.
    var byteBurst = Int(Limits.byteBurst)
    /// Bytes of one message, all its fragments together.
    var messageSize = Limits.messageBytes
    var pingInterval = Limits.pingInterval
    var pongTimeout = Limits.pongTimeout
    var nameLinger = Limits.nameLinger

    static let title = "Clients"

    static let settings: [SectionSetting<ClientSection>] = [
        SectionSetting(
            "message-rate",
            \.messageRate,
            .number(0...1_000_000, "messages per second", "20, or 0 for no limit"),
            "messages/s",
            "Messages a second that one client may send, sustained; 0 is no limit."
        ),
        SectionSetting(
            "message-burst",
            \.messageBurst,
            .number(0...1_000_000, "messages", "40"),
            "messages",
            "Messages that one client may send at once, before message-rate applies."
        ),
        SectionSetting(
            "byte-rate",
            \.byteRate,
            .bytes(0...1 << 30, "64KiB, or 0 for no limit"),
            "bytes/s",
            "Bytes a second that one client may send, sustained; 0 is no limit."
        ),
        SectionSetting(
            "byte-burst",
            \.byteBurst,
            .bytes(0...1 << 30, "256KiB"),
            "bytes",
            "Bytes that one client may send at once, before byte-rate applies."
        ),
        SectionSetting(
            "message-size",
            \.messageSize,
            .bytes(1 << 10...1 << 20, "16KiB"),
            "bytes",
            "The longest message accepted from a client."
        ),
        SectionSetting(
            "ping-interval",
            \.pingInterval,
            .timeout,
            "duration",
            "Time between two pings to a client; below the idle timeout of any proxy in front."
        ),
        SectionSetting(
            "pong-timeout",
            \.pongTimeout,
            .timeout,
            "duration",
            "How long a client may take to answer a ping; below ping-interval."
        ),
        SectionSetting(
            "name-linger",
            \.nameLinger,
            .wait,
            "duration",
            "How long the name of a chat.v1 client is kept for it after its socket is gone; 0 is not "
                + "at all."
        ),
    ]
}

extension ClientSection {
    var contradictions: [Contradiction] {
        [pingContradiction, messageContradiction, byteContradiction].compactMap(\.self)
    }

    /// Checks that the answer to one ping is no longer awaited when the next one is sent.
    private var pingContradiction: Contradiction? {
        guard pongTimeout >= pingInterval else { return nil }
        let interval = Units.text(duration: pingInterval)
        return Contradiction(
            key: "pong-timeout",
            other: "ping-interval",
            complaint:
                "\(Units.text(duration: pongTimeout)) is not below ping-interval, \(interval)",
            fix: pingFix
        )
    }

    /// Names only ways out whose values the settings take.
    private var pingFix: String {
        let interval = Units.text(duration: pingInterval)
        guard pingInterval > Limits.wheelTick else { return "a longer ping-interval" }
        guard pongTimeout < Units.longestDuration else { return "a pong-timeout below \(interval)" }
        return "a pong-timeout below \(interval), or a longer ping-interval"
    }

    private var messageContradiction: Contradiction? {
        guard messageRate > 0, messageBurst < 1 else { return nil }
        return Contradiction(
            key: "message-burst",
            other: "message-rate",
            complaint: "\(Units.text(number: messageBurst)) lets no message through",
            fix: "a message-burst of 1 or more, or message-rate 0 for no limit"
        )
    }

    private var byteContradiction: Contradiction? {
        guard byteRate > 0, byteBurst < messageSize else { return nil }
        let size = Units.text(bytes: messageSize)
        return Contradiction(
            key: "byte-burst",
            other: "message-size",
            complaint:
                "\(Units.text(bytes: byteBurst)) is less than one message of message-size, \(size)",
            fix: "a byte-burst of \(size) or more, or byte-rate 0 for no limit"
        )
    }
}
