/// Saying that the client's user writes.
extension Session {
    /// Passes on that the user writes in a room, unless that is said too often.
    mutating func tellTyping(
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        guard let room = room(of: request, text, &effects) else { return }
        guard case .held(let username) = name, Self.isName(username, of: request, text) else {
            return refuse(whyNotHolder, request, text, &effects)
        }
        effects.append(.typing(room, username.display))
    }

    /// Whether it is said seldom enough to be passed on. Who says it more often is not told so: it is worth no
    /// answer.
    mutating func isTypingAdmitted(now: Instant) -> Bool {
        startConversation().takeTyping(at: Self.typingRate, now: now) == nil
    }

    private static let typingRate: TokenBucket.Rate = {
        let rate = TokenBucket.Rate(perSecond: Limits.typingRate, burst: Limits.typingBurst)
        guard let rate else { preconditionFailure("the rate of typing is not 0") }
        return rate
    }()
}
