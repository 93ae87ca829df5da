import ChatCore
import ChatSupport

/// The settings of what one client may ask for, and of how a dead one is noticed.
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
    /// Rooms that a client is in.
    var roomsPerClient = Limits.roomsPerClient
    /// Joins a second; 0 is no limit.
    var joinRate = Limits.joinRate
    /// Joins.
    var joinBurst = Limits.joinBurst
    /// Rooms a minute; 0 is no limit.
    var newRoomRate = Limits.newRoomsPerMinute
    /// Rooms.
    var newRoomBurst = Limits.newRoomBurst
    /// Removals a minute; 0 is no limit.
    var removalRate = Limits.removalsPerMinute
    /// Removals.
    var removalBurst = Limits.removalBurst
    var pingInterval = Limits.pingInterval
    var pongTimeout = Limits.pongTimeout
    var nameLinger = Limits.nameLinger

    static let title = "Clients"

    static let settings = sending + inRooms + liveness

    /// The largest rate and burst: no client comes near it, so a higher one is a mistake.
    private static let most = 1_000_000.0

    private static let sending: [SectionSetting<ClientSection>] = [
        SectionSetting(
            "message-rate",
            \.messageRate,
            .number(0...most, "messages per second", "20, or 0 for no limit"),
            "messages/s",
            "Messages a second that one client may send, sustained; 0 is no limit."
        ),
        SectionSetting(
            "message-burst",
            \.messageBurst,
            .number(0...most, "messages", "40"),
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
    ]

    private static let inRooms: [SectionSetting<ClientSection>] = [
        SectionSetting(
            "rooms-per-client",
            \.roomsPerClient,
            // Not more, because a call of a script changes `Limits.presencePairs` pairs of a name and a
            // room at most.
            .count(1...Limits.roomsPerClient, "a number of rooms such as 10"),
            "rooms",
            "The most rooms that one client is in at one time."
        ),
        SectionSetting(
            "join-rate",
            \.joinRate,
            .number(0...most, "joins per second", "5, or 0 for no limit"),
            "joins/s",
            "Joins and requests for older messages a second by one client, sustained; 0 is no limit."
        ),
        SectionSetting(
            "join-burst",
            \.joinBurst,
            .number(0...most, "joins", "64"),
            "joins",
            "The same at once, before join-rate applies: a client that comes back joins all its rooms."
        ),
        SectionSetting(
            "new-room-rate",
            \.newRoomRate,
            .number(0...most, "rooms per minute", "10, or 0 for no limit"),
            "rooms/min",
            "Rooms a minute that one client may begin, sustained; 0 is no limit."
        ),
        SectionSetting(
            "new-room-burst",
            \.newRoomBurst,
            .number(0...most, "rooms", "10"),
            "rooms",
            "Rooms that one client may begin at once, before new-room-rate applies."
        ),
        SectionSetting(
            "removal-rate",
            \.removalRate,
            .number(0...most, "removals per minute", "10, or 0 for no limit"),
            "removals/min",
            "Messages a minute that one client may take back, sustained; 0 is no limit."
        ),
        SectionSetting(
            "removal-burst",
            \.removalBurst,
            .number(0...most, "removals", "10"),
            "removals",
            "Messages that one client may take back at once, before removal-rate applies."
        ),
    ]

    private static let liveness: [SectionSetting<ClientSection>] = [
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
        [
            pingContradiction,
            contradiction("message", messageRate, messageBurst, "message"),
            byteContradiction,
            joinContradiction,
            contradiction("new-room", newRoomRate, newRoomBurst, "room"),
            contradiction("removal", removalRate, removalBurst, "removal"),
        ].compactMap(\.self)
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

    /// Checks that a burst is one of its things at least, if there is a rate.
    private func contradiction(
        _ stem: String,
        _ rate: Double,
        _ burst: Double,
        _ thing: String
    ) -> Contradiction? {
        guard rate > 0, burst < 1 else { return nil }
        return Contradiction(
            key: "\(stem)-burst",
            other: "\(stem)-rate",
            complaint: "\(Units.text(number: burst)) is less than one \(thing)",
            fix: "a \(stem)-burst of 1 or more, or \(stem)-rate 0 for no limit"
        )
    }

    /// Checks that a client that comes back can join all its rooms at once. Else most of its joins are refused
    /// again and again, all at the same moments, until it is closed for flooding.
    private var joinContradiction: Contradiction? {
        guard joinRate > 0, joinBurst < Double(roomsPerClient) else { return nil }
        return Contradiction(
            key: "join-burst",
            other: "rooms-per-client",
            complaint: "\(Units.text(number: joinBurst)) is less than rooms-per-client, "
                + "\(roomsPerClient): a client that comes back joins all its rooms at once",
            fix: "a join-burst of \(roomsPerClient) or more, or join-rate 0 for no limit"
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
