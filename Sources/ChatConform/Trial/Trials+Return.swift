/// Trials of the rules for ending and coming back.
enum ReturnTrials {
    private typealias P = Phrases
    private static let replaced = Step.says(
        #"{"type":"logged_out","username":"Ada","value":true,"reason":"replaced"}"#
    )

    /// Nine waits with a bound that stays at 0.5 s are shorter in all, and so are nine with bounds from 0.5 s to
    /// 20 s once in 700,000 times.
    private static let leastInAll = Duration.seconds(5)

    /// The first returns of a client whose waits are compared, the waits that do not count at either end,
    /// and how far apart the others are. Twelve waits, each between 0 and 0.5 s with equal likelihood, are
    /// closer together once in 59,000 times: seven or more are within 30 ms then (12 over 7 times 0.06^7 times
    /// 0.94^5, and a little more). With a longer bound that is rarer. A client that always waits for the same
    /// time is seen to do so to a few ms, but for the waits in which the machine stalls. On a machine that has far
    /// more to do than it can, such a client may pass; it makes no other client fail.
    private static let returns = 12
    private static let outliers = 2
    private static let leastApart = Duration.milliseconds(30)

    static let all: [Trial] =
        [1000, 1002, 1003, 1007, 1008, 1009].map { code in
            Trial(
                "C28",
                "stays away after \(code)",
                P.online,
                [
                    .closes(code), P.stopped, .staysAway(.seconds(2)),
                ]
            )
        } + [
            Trial(
                "C28",
                "stays away when it was replaced",
                P.online,
                [
                    replaced, .closes(4001), P.stopped, .staysAway(.seconds(2)),
                ]
            ),
            Trial(
                "C28",
                "comes back after any other code",
                P.online,
                [.closes(1001)],
                P.comesBack(secret: 1),
                [.closes(1011)],
                P.comesBack(secret: 2),
                [.closes(1012)],
                P.comesBack(secret: 3),
                [.closes(1013)],
                P.comesBack(secret: 4),
                [.closes(4000)],
                P.comesBack(secret: 5),
                [.closes(4005)],
                P.comesBack(secret: 6),
                [.closes(4999)],
                P.comesBack(secret: 7),
                [.cuts],
                P.comesBack(secret: 8)
            ),
            Trial(
                "C28",
                "sends again what a cut has left without an answer",
                P.online,
                [
                    P.asksToSay("a"), P.hearsSaying("a", n: 1), .closes(1012),
                ],
                P.comesBack(secret: 1),
                [
                    P.hearsSaying("a", n: 1), P.ack(1, dup: true), P.settled("a"),
                ]
            ),
            Trial(
                "C29",
                "waits longer after each connection that ends before a login",
                [P.asksToConnect, .isSentAway(times: 9, atLeast: leastInAll)],
                [
                    .connects(within: Patience.longReturn), .hears(#"{"type":"login"}"#),
                    P.loggedIn(secret: 1),
                ]
            ),
            Trial(
                "C29",
                "waits at random before it comes back",
                P.online,
                (1...returns).flatMap { [.closes(1012)] + P.comesBack(secret: $0) },
                [.hasWaitedAtRandom(apart: leastApart, outliers: outliers)]
            ),
            Trial(
                "C30",
                "asks again when retry_ms is over, and not before",
                P.inTea,
                [
                    P.asksToSay("a"), P.hearsSaying("a", n: 1),
                    P.error("unavailable", n: 1, retryMs: 4000), P.hearsSayingWhenDue("a", n: 1),
                    P.ack(1), P.settled("a"),
                ]
            ),
            Trial(
                "C30",
                "asks for its name when retry_ms is over, over a new socket as well",
                [
                    P.asksToConnect, .connects(within: Patience.start),
                    .hears(#"{"type":"login"}"#),
                    .says(
                        #"{"type":"login_failure","username":"Ada","value":"unavailable","message":"No","retry_ms":12000}"#
                    ),
                    .closes(1012), .connects(), .hearsWhenDue(#"{"type":"login"}"#),
                    P.loggedIn(secret: 1),
                ],
                P.says
            ),
            Trial(
                "C30",
                "asks for a room when retry_ms is over, over a new socket as well",
                P.online,
                [
                    P.asksToJoin, .hears(#"{"type":"join","room":"tea"}"#),
                    .says(
                        #"{"type":"error","username":"Ada","value":"No","code":"unavailable","room":"tea","retry_ms":12000}"#
                    ),
                    .closes(1012),
                ],
                P.comesBack(secret: 1),
                [
                    .hearsWhenDue(#"{"type":"join","room":"tea"}"#), P.joined(4), P.synced(4),
                    P.chat(5), P.seesChat(5),
                ]
            ),
            Trial(
                "C31",
                "asks a silent server, and gives it up 8 s later",
                [
                    P.asksToConnect, .connects(within: Patience.start),
                    .hears(#"{"type":"login"}"#), .fallsSilent,
                    .says(
                        #"{"type":"logged_in","username":"Ada","session":"\#(P.secret(1))","node":"n1","resumed":false,"acked":0,"ping_ms":500}"#
                    ),
                    .hearsPing,
                    .drops(within: .seconds(14), notBefore: .seconds(7)),
                ],
                P.comesBack(secret: 1),
                [.cuts],
                P.comesBack(secret: 2)
            ),
            Trial(
                "C32",
                "asks at once when its machine has slept",
                P.online,
                [
                    .asks(#"{"do":"sleep","ms":3600000}"#), .hearsPing,
                    P.asksToSay("a"), P.hearsSaying("a", n: 1), P.ack(1), P.settled("a"),
                ]
            ),
            Trial(
                "C33",
                "stays where it is while Redis is away",
                P.inTea,
                [
                    .says(#"{"type":"status","value":"degraded"}"#), .staysAway(.seconds(1)),
                    .says(#"{"type":"status","value":"ok"}"#), P.chat(5), P.seesChat(5),
                ]
            ),
        ]
}

extension Trial {
    /// All trials, in the order of the rules.
    static let all =
        LoginTrials.all + SayingTrials.all + RoomTrials.all + ReturnTrials.all
}
