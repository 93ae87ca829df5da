/// The questions about rooms' logs that a node asks: a bounded number of them at a time, so that a node
/// that hears many rooms holds neither the broker nor its loop when it asks about all of them.
struct CatchUpQueue: Sendable {
    /// A question and its ticket.
    typealias Question = (call: CatchUpCall, ticket: UInt64)

    private var waiting = FIFO<Question>()
    /// The number of questions without an answer.
    private var asked = 0

    /// Adds a question, which leaves in its turn.
    mutating func append(_ call: CatchUpCall, ticket: UInt64) {
        waiting.append((call, ticket))
    }

    /// Notes that a question was answered.
    mutating func answered() {
        asked -= 1
    }

    /// Removes and returns the next question that can be asked now and is still to be asked.
    mutating func next(where isCurrent: (Question) -> Bool) -> Question? {
        while asked < Limits.roomsAtOnce, let question = waiting.popFirst() {
            guard isCurrent(question) else { continue }
            asked += 1
            return question
        }
        return nil
    }

    /// Drops all questions: none will be answered.
    mutating func removeAll() {
        _ = waiting.takeAll()
        asked = 0
    }
}
