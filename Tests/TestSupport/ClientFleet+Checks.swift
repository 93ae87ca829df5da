/// Checks of what a fleet has received.
extension ClientFleet {
    /// The clients that have lost their connection, and why.
    public var ended: [String] {
        voices.compactMap { voice in voice.end.map { "\(voice.name): \($0)" } }
    }

    /// Messages that came twice to one client.
    public var doubles: [String] {
        voices.flatMap { voice in
            var seen: Set<String> = []
            return voice.chats.compactMap(\.mid).filter { !seen.insert($0).inserted }
                .map { "\(voice.name) heard \($0) twice" }
        }
    }

    /// The places at which a client's message numbers did not go on by one.
    public var holes: [String] {
        voices.flatMap { voice in
            let numbers = voice.chats.compactMap(\.seq)
            return zip(numbers, numbers.dropFirst()).filter { $1 != $0 + 1 }
                .map { "\(voice.name) heard \($1) after \($0)" }
        }
    }

    /// Returns the messages of all talking clients that have such a fate.
    public func words(_ fits: (Word.Fate) -> Bool) -> [Word] {
        voices.flatMap(\.words).filter { fits($0.fate) }
    }

    /// Returns the messages that were accepted, as far as their senders can know, and did not come
    /// to all of the first clients, which have been connected all the time; and those that were
    /// refused and came to any of them.
    public func strays(among first: Range<Int>) -> [String] {
        let heard = Set(words { $0 == .heard }.map(\.text))
        let refused = Set(words { $0 != .heard && $0 != .open }.map(\.text))
        return voices[first].flatMap { voice in
            let got = Set(voice.chats.compactMap(\.word))
            return heard.subtracting(got).map { "\(voice.name) has not heard \($0)" }
                + refused.intersection(got).map { "\(voice.name) heard \($0), which was refused" }
        }
    }

    /// Waits until all clients have received the same last message.
    public func settle() async throws {
        try await eventually("everybody has heard the same last message") {
            Set(
                voices.filter { $0.end == nil }.map { $0.chats.last(where: { $0.seq != nil })?.mid }
            )
            .count == 1
        }
    }
}
