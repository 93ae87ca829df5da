import ChatCore
import TestSupport

/// Clients on several nodes that go on talking while something happens elsewhere. Each must receive
/// every message, once, in the same order as the others, and nothing else.
final class Conversation {
    /// The time between two messages during tests that last for seconds: in a whole minute there
    /// are fewer messages than a node that was away finds in the log (`Limits.historyMessages`).
    static let pace = Duration.milliseconds(200)

    /// One client for each node.
    private let people: [TestWebSocket]
    private let names: [String]
    private var rounds = 0

    /// Connects a client called `talker-…` to each of the nodes.
    init(on nodes: some Sequence<TestNodeProcess>) throws {
        people = try nodes.map { try $0.connect("talker-\($0.label)") }
        names = nodes.map { "talker-\($0.label)" }
    }

    /// Sends one message from each client, and checks that each receives all of them.
    func goOn() throws {
        rounds += 1
        for (person, name) in zip(people, names) { try person.chat("\(rounds)", as: name) }
        let heard = try people.map { person in try people.map { _ in try person.hear() } }
        for one in heard where one != heard[0] {
            throw Unexpected("in round \(rounds), one heard \(one), another \(heard[0])")
        }
        let expected = names.map { #""username":"\#($0)","value":\#(rounds),"# }
        for word in expected where heard[0].filter({ $0.contains(word) }).count != 1 {
            throw Unexpected("in round \(rounds), not once \(word) in \(heard[0])")
        }
    }

    /// Goes on until a client gets a name that a dead node has held, and returns how long that took.
    func goOnUntilFree(_ name: String, for heir: TestWebSocket) throws -> Duration {
        // A dead node's names can be claimed within the lease and 2 s; two more for a busy machine.
        try timeUntil(
            "\(name)'s name is free",
            within: Limits.lease + .seconds(2) + .seconds(2),
            every: Self.pace
        ) {
            try goOn()
            return try heir.attempt(name) == nil
        }
    }

    /// Waits until each client is heard again, after something during which its node could not send.
    func recover(within patience: Duration) throws {
        for (person, name) in zip(people, names) {
            try timeUntil("\(name) is heard again", within: patience) {
                try person.isHeard(saying: "again", as: name)
            }
        }
        try people[0].chat(#""together""#, as: names[0])
        _ = try hear(until: #""together""#)
    }

    /// Waits until each client has received a text with this part, and returns all that they
    /// received by then.
    func hear(until part: String) throws -> [String] {
        try people.flatMap { try $0.hear(until: part) }
    }
}
