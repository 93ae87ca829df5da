/// Trials of the rules for saying.
enum SayingTrials {
    private typealias P = Phrases
    private static let five = ["a", "b", "c", "d", "e"]
    private static let asksToSayFive = five.map { P.asksToSay($0) }
    private static let hearsFive = five.enumerated().map { P.hearsSaying($1, n: $0 + 1) }
    private static let acksFive = (1...5).map { P.ack($0) } + five.map { P.settled($0) }

    static let all: [Trial] = [
        Trial(
            "C11",
            "numbers its messages over all rooms",
            P.online,
            [
                P.asksToSay("a"), P.hearsSaying("a", n: 1), P.ack(1), P.settled("a"),
                P.asksToSay("b", room: "lobby"), .hears(#"{"type":"chat","value":"b","n":2}"#),
                P.ack(2, room: "lobby"), P.settled("b"), P.asksToSay("c"), P.hearsSaying("c", n: 3),
                P.ack(3), P.settled("c"),
            ]
        ),
        Trial(
            "C12",
            "fails a message that is refused for good, and moves the others down",
            P.online,
            [
                P.asksToSay("a"), P.asksToSay("b"), P.asksToSay("c"), P.hearsSaying("a", n: 1),
                P.hearsSaying("b", n: 2), P.hearsSaying("c", n: 3), P.ack(1), P.settled("a"),
                P.error("bad_message", n: 2), P.error("resend", n: 3, from: 2),
                P.settled("b", "failed"), P.hearsSaying("c", n: 2), P.ack(2), P.settled("c"),
            ]
        ),
        Trial(
            "C13",
            "has at most 32 messages on their way",
            P.online,
            (1...60).map { P.asksToSay("m\($0)") },
            [
                P.hearsSaying("m1", n: 1), .hearsChatsAtMost(31), P.ack(1), P.settled("m1"),
                .hearsChatsAtMost(32),
            ]
        ),
        Trial(
            "C14",
            "waits after a refusal, and sends each message once",
            P.online,
            asksToSayFive,
            hearsFive,
            [P.error("unavailable", n: 1, retryMs: 2500)],
            (2...5).map { P.error("resend", n: $0, from: 1) },
            [P.hearsSayingWhenDue("a", n: 1)],
            Array(hearsFive.dropFirst()),
            [.hearsNothing(.milliseconds(500))],
            acksFive
        ),
        Trial(
            "C14",
            "waits until everything on its way is answered",
            P.online,
            asksToSayFive,
            hearsFive,
            [P.error("rate_limited", n: 2, retryMs: 10), .hearsNothing(.seconds(1)), P.ack(1)],
            (3...5).map { P.error("resend", n: $0, from: 2) },
            Array(hearsFive.dropFirst()),
            acksFive
        ),
        Trial(
            "C14",
            "moves down to from if data was lost",
            P.online,
            [
                P.asksToSay("a"), P.hearsSaying("a", n: 1), P.ack(1), P.settled("a"),
                P.asksToSay("b"), P.hearsSaying("b", n: 2), P.error("resend", n: 2, from: 1),
                P.hearsSaying("b", n: 1), P.ack(1), P.settled("b"),
            ]
        ),
        Trial(
            "C15",
            "takes an ack once, before its chat or after it",
            P.inTea,
            [
                P.asksToSay("a"), P.hearsSaying("a", n: 1), P.ack(1, seq: 5), P.ack(1, seq: 5),
                P.settled("a"), P.chat(5, mid: "aaaaaaaa.1"), P.seesChat(5, mid: "aaaaaaaa.1"),
                P.asksToSay("b"), P.hearsSaying("b", n: 2), P.ack(1, dup: true), .cuts,
            ],
            P.comesBack(secret: 1, acked: 1),
            [
                P.hearsJoin(since: 5, mid: "aaaaaaaa.1"), P.hearsSaying("b", n: 2),
                P.joined(5, recovered: true, mid: "aaaaaaaa.1"), P.synced(5),
                P.chat(6, mid: "aaaaaaaa.2"), P.seesChat(6, mid: "aaaaaaaa.2"),
                P.ack(2, dup: true), P.settled("b"), P.asksToSay("c"), P.hearsSaying("c", n: 3),
                P.ack(3), P.settled("c"),
            ]
        ),
        Trial(
            "C16",
            "logs out when its outbox is empty",
            P.online,
            [
                P.asksToSay("a"), P.hearsSaying("a", n: 1), .asks(#"{"do":"logout"}"#),
                .hearsNothing(.seconds(1)), P.ack(1), P.settled("a"), .hears(#"{"type":"logout"}"#),
                .says(#"{"type":"logged_out","username":"Ada","value":true}"#),
                P.stopped, .staysAway(.seconds(2)),
            ]
        ),
    ]
}
