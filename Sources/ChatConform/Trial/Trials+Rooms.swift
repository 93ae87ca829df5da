/// Trials of the rules for hearing.
enum RoomTrials {
    private typealias P = Phrases

    static let all: [Trial] = [
        Trial(
            "C17",
            "moves its position by entries alone",
            P.inTea,
            [
                P.chat(5), P.seesChat(5), P.asksToSay("a"), P.hearsSaying("a", n: 1),
                P.ack(1, seq: 7), P.settled("a"), P.synced(6),
                .says(#"{"type":"chat","username":"cron","value":"hand","room":"tea"}"#),
                .sees(#"{"see":"entry","room":"tea","value":"hand"}"#),
                .says(
                    #"{"type":"history","room":"tea","items":[{"type":"chat","username":"Bob","value":"v3","room":"tea","seq":3,"ts":1,"mid":"bbbbbbbb.3"}],"more":false}"#
                ),
                .cuts,
            ],
            P.comesBack(secret: 1, acked: 1),
            [P.hearsJoin(since: 5)]
        ),
        Trial(
            "C18",
            "comes back to its position, twice without traffic",
            P.inTea,
            [.cuts],
            P.comesBack(secret: 1),
            [P.hearsJoin(since: 4), P.joined(4, recovered: true), .cuts],
            P.comesBack(secret: 2),
            [
                P.hearsJoin(since: 4), P.joined(4, recovered: true), P.chat(5), P.synced(5),
                P.seesChat(5),
            ]
        ),
        Trial(
            "C18",
            "comes back into the middle of a replay",
            P.inTea,
            [.cuts],
            P.comesBack(secret: 1),
            [
                P.hearsJoin(since: 4), P.joined(4, recovered: true), P.chat(5), P.chat(6),
                P.seesChat(5), P.seesChat(6), .cuts,
            ],
            P.comesBack(secret: 2),
            [
                P.hearsJoin(since: 6), P.joined(6, recovered: true), P.chat(7), P.synced(7),
                P.seesChat(7),
            ]
        ),
        Trial(
            "C18",
            "asks again for a room that cannot be joined yet",
            P.online,
            [
                P.asksToJoin, .hears(#"{"type":"join","room":"tea"}"#),
                .says(
                    #"{"type":"error","username":"Ada","value":"No","code":"unavailable","room":"tea","retry_ms":2000}"#
                ),
                .hearsWhenDue(#"{"type":"join","room":"tea"}"#), P.joined(4), P.synced(4),
                P.chat(5), P.seesChat(5),
            ]
        ),
        Trial(
            "C19",
            "tells of a hole if its position is not of the room's history",
            P.inTea,
            [.cuts],
            P.comesBack(secret: 1),
            [
                P.hearsJoin(since: 4), P.joined(9, recovered: false, epoch: 8, mid: "dddddddd.1"),
                P.synced(9), .sees(#"{"see":"hole","room":"tea"}"#), P.chat(10), P.seesChat(10),
            ]
        ),
        Trial(
            "C20",
            "tells of a gap, and goes on after it",
            P.inTea,
            [.cuts],
            P.comesBack(secret: 1),
            [
                P.hearsJoin(since: 4), P.joined(4, recovered: false),
                .says(#"{"type":"gap","room":"tea","from":5,"to":8}"#), P.chat(9), P.synced(9),
                .sees(#"{"see":"gap","room":"tea","from":5,"to":8}"#), P.seesChat(9),
                .says(#"{"type":"gap","room":"tea","from":10,"to":11}"#),
                .sees(#"{"see":"gap","room":"tea","from":10,"to":11}"#), .cuts,
            ],
            P.comesBack(secret: 2),
            [P.hearsJoin(since: 9)]
        ),
        Trial(
            "C21",
            "takes a reset with a loss, and one without",
            P.inTea,
            [
                P.chat(5), P.chat(6), P.seesChat(5), P.seesChat(6),
                .says(#"{"type":"reset","room":"tea","epoch":"8","seq":6,"mid":"bbbbbbbb.6"}"#),
                .sees(#"{"see":"reset","room":"tea","seq":6}"#), P.chat(7), P.seesChat(7),
                .says(#"{"type":"reset","room":"tea","epoch":"9","seq":5,"mid":"bbbbbbbb.5"}"#),
                .sees(#"{"see":"reset","room":"tea","seq":5}"#), P.chat(6, mid: "bbbbbbbb.7"),
                P.seesChat(6, mid: "bbbbbbbb.7"), .cuts,
            ],
            P.comesBack(secret: 1),
            [P.hearsJoin(since: 6, epoch: 9, mid: "bbbbbbbb.7")]
        ),
        Trial(
            "C22",
            "joins again after an entry that does not come next",
            P.inTea,
            [
                P.chat(5), P.seesChat(5), P.chat(7), .hears(#"{"type":"leave","room":"tea"}"#),
                P.hearsJoin(since: 5), P.chat(6), P.joined(5, recovered: true), P.chat(6),
                P.chat(7),
                P.synced(7),
                P.seesChat(6), P.seesChat(7),
            ]
        ),
        Trial(
            "C23",
            "shows what was removed no more",
            P.inTea,
            [
                P.chat(5), P.seesChat(5),
                .says(
                    #"{"type":"removed","room":"tea","seq":6,"mid":"bbbbbbbb.6","ts":1,"of":{"seq":5,"mid":"bbbbbbbb.5"},"by":"Bob"}"#
                ),
                .sees(#"{"see":"removed","room":"tea","mid":"bbbbbbbb.5"}"#), .cuts,
            ],
            P.comesBack(secret: 1),
            [
                P.hearsJoin(since: 6), P.joined(6, recovered: true),
                .says(#"{"type":"removed","room":"tea","seq":7,"ts":1,"mid":"bbbbbbbb.7"}"#),
                .sees(#"{"see":"removed","room":"tea","mid":"bbbbbbbb.7"}"#), P.chat(8),
                P.synced(8),
                P.seesChat(8),
            ]
        ),
        Trial(
            "C24",
            "ignores a room between leave and the next joined",
            P.inTea,
            [
                P.chat(5), P.seesChat(5), .asks(#"{"do":"leave","room":"tea"}"#),
                .hears(#"{"type":"leave","room":"tea"}"#), P.chat(6), .waits(.milliseconds(300)),
                P.asksToJoin,
                .hears(#"{"type":"join","room":"tea"}"#), P.chat(7), P.joined(9), P.synced(9),
                P.chat(10), P.seesChat(10), .cuts,
            ],
            P.comesBack(secret: 1),
            [P.hearsJoin(since: 10)]
        ),
        Trial(
            "C24",
            "leaves a room when its join is answered",
            P.online,
            [
                P.asksToJoin, .hears(#"{"type":"join","room":"tea"}"#),
                .asks(#"{"do":"leave","room":"tea"}"#),
            ],
            // Which shows that the client knows of it.
            P.says,
            [
                .hearsNothing(.milliseconds(500)), P.joined(4), P.synced(4), P.chat(5),
                .hears(#"{"type":"leave","room":"tea"}"#),
                P.asksToJoin, .hears(#"{"type":"join","room":"tea"}"#), P.chat(6), P.joined(6),
                P.synced(6), P.chat(7), P.seesChat(7),
            ]
        ),
        Trial(
            "C25",
            "takes presence in each form, which moves no position",
            P.inTea,
            [
                .says(#"{"type":"presence","room":"tea","joined":["Bob"],"left":[],"count":2}"#),
                P.chat(5), P.seesChat(5),
                .says(#"{"type":"presence","room":"tea","members":["Ada","Bob"],"count":2}"#),
                .says(#"{"type":"presence","room":"tea","count":300}"#),
                P.chat(6), P.seesChat(6),
                .says(#"{"type":"presence","room":"tea","joined":[],"left":["Bob"],"count":299}"#),
                .cuts,
            ],
            P.comesBack(secret: 1),
            [P.hearsJoin(since: 6)]
        ),
        Trial(
            "C26",
            "takes a history, which moves no position",
            P.inTea,
            [
                P.chat(5), P.seesChat(5),
                .says(
                    #"{"type":"history","room":"tea","items":[{"type":"chat","username":"Bob","value":"v2","room":"tea","seq":2,"ts":1,"mid":"bbbbbbbb.2"},{"type":"removed","room":"tea","seq":3,"ts":1,"mid":"bbbbbbbb.3"}],"more":true}"#
                ),
                .cuts,
            ],
            P.comesBack(secret: 1),
            [
                P.hearsJoin(since: 5), P.joined(5, recovered: true),
                .says(
                    #"{"type":"history","room":"tea","items":[{"type":"chat","username":"Bob","value":"v1","room":"tea","seq":1,"ts":1,"mid":"bbbbbbbb.1"}],"more":false}"#
                ),
                P.chat(6), P.synced(6), P.seesChat(6),
            ]
        ),
        Trial(
            "C27",
            "stops reading while its application is slow, and loses nothing",
            P.inTea,
            [
                .asks(#"{"do":"pause"}"#), .floods(from: 5, count: 10_000),
                .isHeldUp, .asks(#"{"do":"go on"}"#),
                .seesEntries(from: 5, count: 10_000),
            ]
        ),
    ]
}
