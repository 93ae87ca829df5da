/// What can be said of what a choir has heard.
extension Choir {
    /// Who has lost its connection.
    public var ended: [String] {
        voices.compactMap { voice in voice.end.map { "\(voice.name): \($0)" } }
    }

    /// Messages that came to one client twice.
    public var doubles: [String] {
        voices.flatMap { voice in
            var seen: Set<String> = []
            return voice.chats.compactMap(\.mid).filter { !seen.insert($0).inserted }
                .map { "\(voice.name) heard \($0) twice" }
        }
    }

    /// Where numbers did not go on by one.
    public var holes: [String] {
        voices.flatMap { voice in
            let numbers = voice.chats.compactMap(\.seq)
            return zip(numbers, numbers.dropFirst()).filter { $1 != $0 + 1 }
                .map { "\(voice.name) heard \($1) after \($0)" }
        }
    }

    /// What everybody has said by itself that came to that end.
    public func words(_ fits: (Word.Fate) -> Bool) -> [Word] {
        voices.flatMap(\.words).filter { fits($0.fate) }
    }

    /// What was accepted, as far as its sender can know, and did not come to everybody; and what was
    /// refused and came to somebody. Everybody: those first ones, who have been there all the time.
    public func strays(among first: Range<Int>) -> [String] {
        let heard = Set(words { $0 == .heard }.map(\.text))
        let refused = Set(words { $0 != .heard && $0 != .open }.map(\.text))
        return voices[first].flatMap { voice in
            let got = Set(voice.chats.compactMap(\.word))
            return heard.subtracting(got).map { "\(voice.name) has not heard \($0)" }
                + refused.intersection(got).map { "\(voice.name) heard \($0), which was refused" }
        }
    }

    /// Waits until everybody has heard the same last message.
    public func settle() async throws {
        try await eventually("everybody has heard the same last message") {
            Set(
                voices.filter { $0.end == nil }.map { $0.chats.last(where: { $0.seq != nil })?.mid }
            )
            .count == 1
        }
    }
}
