/// Trials of the rules for reading and logging in.
enum LoginTrials {
    private typealias P = Phrases
    private static let taken = Step.says(
        #"{"type":"login_failure","username":"Ada","value":"taken","message":"No"}"#
    )

    static let all: [Trial] = [
        Trial(
            "C1",
            "gives up if the server does not pick chat.v1",
            picks: nil,
            [
                P.asksToConnect, .connects(within: Patience.start), .hearsNothing(.seconds(1)),
                .unlessExcepted(P.stopped), .unlessExcepted(.staysAway(.seconds(2))),
            ]
        ),
        Trial(
            "C2",
            "ignores keys that it does not know",
            P.online,
            [
                P.asksToJoin, .hears(#"{"type":"join"}"#),
                .says(
                    #"{"type":"joined","room":"tea","mood":{"a":[1]},"epoch":"7","seq":4,"mid":"bbbbbbbb.4"}"#
                ),
                P.chat(5, more: #","color":"red","of":null"#), P.seesChat(5),
            ]
        ),
        Trial(
            "C3",
            "lets an entry of an unknown type move the position",
            P.inTea,
            [
                P.chat(5), P.seesChat(5),
                .says(#"{"type":"pinned","room":"tea","seq":6,"mid":"cccccccc.1","of":5}"#),
                .says(#"{"type":"mood","room":"tea","value":"merry"}"#),
                P.chat(7), P.seesChat(7),
                .says(#"{"type":"pinned","room":"tea","seq":8,"mid":"cccccccc.2","of":7}"#), .cuts,
            ],
            P.comesBack(secret: 1),
            [P.hearsJoin(since: 8, mid: "cccccccc.2")]
        ),
        Trial(
            "C4",
            "sends the newest secret at each return",
            P.online,
            [.cuts],
            P.comesBack(secret: 1),
            [.cuts],
            P.comesBack(secret: 2)
        ),
        Trial(
            "C5",
            "sends no message before it is logged in",
            [
                P.asksToConnect, P.asksToSay("a"), .connects(within: Patience.start),
                .hears(#"{"type":"login"}"#),
                .hearsNothing(.seconds(1)), P.loggedIn(secret: 1), P.hearsSaying("a", n: 1),
                P.ack(1), P.settled("a"),
            ]
        ),
        Trial(
            "C6",
            "takes out what was accepted, and sends the rest again",
            P.online,
            [
                P.asksToSay("a"), P.asksToSay("b"), P.asksToSay("c"), P.hearsSaying("a", n: 1),
                P.hearsSaying("b", n: 2), P.hearsSaying("c", n: 3), .cuts,
            ],
            P.comesBack(secret: 1, acked: 1),
            [
                P.settled("a"), P.hearsSaying("b", n: 2), P.hearsSaying("c", n: 3), P.ack(2),
                P.ack(3),
                P.settled("b"), P.settled("c"), P.asksToSay("d"), P.hearsSaying("d", n: 4),
                P.ack(4),
                P.settled("d"),
            ]
        ),
        Trial(
            "C7",
            "goes on after acked if data was lost",
            P.online,
            [
                P.asksToSay("a"), P.hearsSaying("a", n: 1), P.ack(1), P.settled("a"),
                P.asksToSay("b"), P.hearsSaying("b", n: 2), P.ack(2), P.settled("b"),
                P.asksToSay("c"), P.hearsSaying("c", n: 3), .cuts,
            ],
            P.comesBack(secret: 1, acked: 1),
            [
                P.hearsSaying("c", n: 2), P.ack(2), P.settled("c"),
            ]
        ),
        Trial(
            "C8",
            "tells what is unknown after a login that is not resumed",
            P.online,
            [
                P.asksToSay("a"), P.hearsSaying("a", n: 1), P.ack(1), P.settled("a"),
                P.asksToSay("b"), P.hearsSaying("b", n: 2), .cuts,
            ],
            [
                .connects(), .hears(#"{"type":"login"}"#), P.asksToSay("c"),
                .waits(.milliseconds(300)), P.loggedIn(secret: 2), P.settled("b", "unknown"),
                P.hearsSaying("c", n: 1), P.ack(1), P.settled("c"),
            ]
        ),
        Trial(
            "C9",
            "logs in again over the same socket when that helps",
            P.online,
            [
                .cuts, .connects(), .hears(#"{"type":"login"}"#),
                .says(
                    #"{"type":"login_failure","username":"Ada","value":"taken","message":"No","retry_ms":1500}"#
                ),
                .hearsWhenDue(#"{"type":"login","session":"\#(P.secret(1))"}"#),
                .says(
                    #"{"type":"login_failure","username":"Ada","value":"unavailable","message":"No","retry_ms":1500}"#
                ),
                .hearsWhenDue(#"{"type":"login","session":"\#(P.secret(1))"}"#),
                P.loggedIn(secret: 2, resumed: true),
            ]
        ),
        Trial(
            "C9",
            "gives up a name that another client holds",
            [
                P.asksToConnect, .connects(within: Patience.start), .hears(#"{"type":"login"}"#),
                taken, P.stopped, .staysAway(.seconds(2)),
            ]
        ),
        Trial(
            "C9",
            "asks again for a name that its lost login may hold",
            [
                P.asksToConnect, .connects(within: Patience.start),
                .hears(#"{"type":"login","session":null}"#), .cuts, .connects(),
                .hears(#"{"type":"login","session":null}"#), taken,
                .hears(#"{"type":"login","session":null}"#), P.loggedIn(secret: 1),
            ]
        ),
        Trial(
            "C9",
            "logs in again after an error that has no room and no number",
            [
                P.asksToConnect, .connects(within: Patience.start),
                .hears(#"{"type":"login"}"#),
                .says(
                    #"{"type":"error","username":"Ada","value":"No","code":"rate_limited","retry_ms":2000}"#
                ),
                .hearsWhenDue(#"{"type":"login"}"#), P.loggedIn(secret: 1),
            ],
            P.says
        ),
        Trial(
            "C10",
            "logs in again over the same socket when the lease was lost",
            P.online,
            [
                .says(
                    #"{"type":"logged_out","username":"Ada","value":true,"reason":"lease_lost"}"#
                ),
                .hears(#"{"type":"login","session":"\#(P.secret(1))"}"#),
                P.loggedIn(secret: 2, resumed: true), P.asksToSay("a"), P.hearsSaying("a", n: 1),
                .says(
                    #"{"type":"error","username":"","value":"No","code":"not_logged_in","room":"tea","n":1}"#
                ),
                .hears(#"{"type":"login","session":"\#(P.secret(2))"}"#),
                P.loggedIn(secret: 3, resumed: true), P.hearsSaying("a", n: 1), P.ack(1),
                P.settled("a"),
            ]
        ),
    ]
}
