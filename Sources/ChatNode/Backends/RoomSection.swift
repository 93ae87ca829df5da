import ChatCore
import ChatSupport

/// The settings of rooms and of the names that people have in them.
struct RoomSection: SettingsSection {
    /// Messages kept per room.
    var history = Limits.historyMessages
    /// Bytes kept per room.
    var historyBytes = Limits.historyBytes
    /// How long a message is kept.
    var historyAge = Limits.historyAge
    /// Rooms that the node hears.
    var maxRooms = Limits.roomsPerNode
    /// How long a client may take a message of its own back.
    var removalWindow = Limits.removalWindow
    var reservedNames = ["admin", "ops", "root", "server", "system"]

    static let title = "Rooms and names"

    static let settings: [SectionSetting<RoomSection>] = [
        SectionSetting(
            "history",
            \.history,
            .count(0...100_000, "a number of messages such as 1000"),
            "messages",
            "The most messages kept per room for clients that join later; messages published "
                + "together are forgotten together."
        ),
        SectionSetting(
            "history-bytes",
            \.historyBytes,
            // Not more, because backlogs with pages in front are dimensioned by it (`Limits.pagedBacklogs`).
            // Not less, because that is the lowest `message-size`.
            .bytes(1 << 10...Limits.historyBytes, "64KiB"),
            "bytes",
            "The most bytes of messages kept per room, the same on all nodes; what was published last "
                + "stays."
        ),
        SectionSetting(
            "history-age",
            \.historyAge,
            // Not less, because a node that is cut off from Redis keeps plain clients that long, and then reads
            // from the log what they lack. Not more, because names would be remembered longer, too
            // (`Store.Retention.memory`), and no promise says that.
            .duration(Limits.plainWithoutRedis...Limits.historyAge, "10m or 24h"),
            "duration",
            "The age at which a message is dropped when the next one is published in its room, the same "
                + "on all nodes."
        ),
        SectionSetting(
            "max-rooms",
            \.maxRooms,
            // Not more, because the node asks about each of its rooms every 10 s (`Limits.compareInterval`):
            // 5,000 questions a second hold Redis for a third of its time.
            .count(1...Limits.roomsPerNode, "a number of rooms such as 10000"),
            "rooms",
            "The most rooms that the node hears at one time, the lobby among them."
        ),
        SectionSetting(
            "removal-window",
            \.removalWindow,
            .wait,
            "duration",
            "How long a chat.v1 client may take a message of its own back, the same on all nodes; 0 is "
                + "not at all."
        ),
        SectionSetting(
            "reserved-names",
            \.reservedNames,
            .names,
            "name,…",
            "User names that no client can take; none reserves nothing."
        ),
    ]
}
