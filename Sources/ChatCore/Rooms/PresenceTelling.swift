/// The presence of a room, as a loop tells its members: each of them at most once for each piece of news.
///
/// On: the loop.
public struct PresenceTelling: Sendable {
    /// The newest news; nil: it is not known yet who is present.
    public private(set) var news: PresenceFrames?
    /// The number of pieces of news since the room is heard.
    public private(set) var number: UInt32 = 0

    /// Makes it for a room that was just entered.
    public init() {}

    /// Takes news, which the members have still to be told.
    public mutating func take(_ news: PresenceFrames) {
        self.news = news
        number &+= 1
    }

    /// Returns the frame for a member that was told the news with the number `told` last, or none if that is
    /// 0; nil: there is nothing that it does not know.
    public func frame(forMemberTold told: UInt32) -> [UInt8]? {
        guard let news, told != number else { return nil }
        return told > 0 && told == number &- 1 ? news.change : news.whole
    }
}
