/// Who writes in a room at present, as one loop was told: neither ordered nor kept.
///
/// A client repeats that its user writes; a name that is not repeated for `Limits.typingLifetime` writes no more.
///
/// On: the loop that owns it.
public struct TypingUsers: Sendable {
    private var users: [(name: String, until: Instant)] = []
    /// Whether the names are to be told: they have changed, or were told long ago.
    private var isChanged = false
    private var toldAt = Instant.distantPast

    /// Makes the list of a room in which none writes.
    public init() {}

    /// Whether there is nothing to tell, now or later.
    public var isIdle: Bool { users.isEmpty && !isChanged }

    /// Takes that a user writes. More than `Limits.typingUsers` are not noted.
    public mutating func typed(_ name: String, now: Instant) {
        let until = now + Limits.typingLifetime
        if let index = users.firstIndex(where: { $0.name == name }) {
            users[index].until = until
            if now >= toldAt + Limits.typingRepeat { isChanged = true }
        } else if users.count < Limits.typingUsers {
            users.append((name, until))
            isChanged = true
        }
    }

    /// Returns the names that are to be told now, in the order in which they have begun; nil: none, because they
    /// have not changed, or were told less than `Limits.typingPause` ago.
    public mutating func takeNews(now: Instant) -> [String]? {
        let count = users.count
        users.removeAll { $0.until <= now }
        if users.count != count { isChanged = true }
        guard isChanged, now >= toldAt + Limits.typingPause else { return nil }
        isChanged = false
        toldAt = now
        return users.map(\.name)
    }
}
