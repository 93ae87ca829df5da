import ChatCore
import ChatSupport

/// The settings of rooms and of the names that people have in them.
struct RoomSection: SettingsSection {
    /// Messages kept per room.
    var history = Limits.historyMessages
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
            "reserved-names",
            \.reservedNames,
            .names,
            "name,…",
            "User names that no client can take; none reserves nothing."
        ),
    ]
}
