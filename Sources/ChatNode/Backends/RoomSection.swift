import ChatCore
import ChatSupport

/// The settings of rooms and of the names that people have in them.
struct RoomSection: SettingsSection {
    /// Messages kept per room.
    var history = Limits.historyMessages
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
