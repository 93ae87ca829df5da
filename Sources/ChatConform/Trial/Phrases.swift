/// The messages and sequences of steps that many trials have.
enum Phrases {
    /// The secret of the login with this number.
    static func secret(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    /// The id of the entry with this number.
    static func mid(_ seq: Int) -> String { "bbbbbbbb.\(seq)" }

    static func loggedIn(secret number: Int, resumed: Bool = false, acked: Int = 0) -> Step {
        .says(
            #"{"type":"logged_in","username":"Ada","session":"\#(secret(number))","node":"n\#(number)","#
                + #""resumed":\#(resumed),"acked":\#(acked),"ping_ms":25000}"#
        )
    }

    static func joined(_ seq: Int, recovered: Bool? = nil, epoch: Int = 7, mid: String? = nil)
        -> Step
    {
        let recovered = recovered.map { #","recovered":\#($0)"# } ?? ""
        return .says(
            #"{"type":"joined","room":"tea","epoch":"\#(epoch)","seq":\#(seq),"#
                + #""mid":"\#(mid ?? self.mid(seq))"\#(recovered),"count":1,"members":["Ada"]}"#
        )
    }

    static func synced(_ seq: Int) -> Step {
        .says(#"{"type":"synced","room":"tea","seq":\#(seq)}"#)
    }

    static func chat(_ seq: Int, mid: String? = nil, more: String = "") -> Step {
        .says(
            #"{"type":"chat","username":"Bob","value":"v\#(seq)","room":"tea","seq":\#(seq),"#
                + #""ts":1700000000000,"mid":"\#(mid ?? self.mid(seq))"\#(more)}"#
        )
    }

    static func seesChat(_ seq: Int, mid: String? = nil) -> Step {
        .sees(
            #"{"see":"entry","room":"tea","seq":\#(seq),"mid":"\#(mid ?? self.mid(seq))","#
                + #""value":"v\#(seq)"}"#
        )
    }

    /// The application gives the client a message, whose key is its value.
    static func asksToSay(_ key: String, room: String = "tea") -> Step {
        .asks(#"{"do":"send","room":"\#(room)","value":"\#(key)","key":"\#(key)"}"#)
    }

    static func hearsSaying(_ key: String, n: Int, room: String = "tea") -> Step {
        .hears(#"{"type":"chat","room":"\#(room)","value":"\#(key)","n":\#(n)}"#)
    }

    /// The client says it again when it may, and nothing before.
    static func hearsSayingWhenDue(_ key: String, n: Int) -> Step {
        .hearsWhenDue(#"{"type":"chat","room":"tea","value":"\#(key)","n":\#(n)}"#)
    }

    static func ack(_ n: Int, seq: Int? = nil, dup: Bool = false, room: String = "tea") -> Step {
        let seq = seq.map { #","seq":\#($0)"# } ?? ""
        return .says(
            #"{"type":"ack","n":\#(n),"room":"\#(room)","mid":"aaaaaaaa.\#(n)"\#(seq)"#
                + (dup ? #","dup":true}"# : "}")
        )
    }

    static func error(_ code: String, n: Int, from: Int? = nil, retryMs: Int? = nil) -> Step {
        let from = from.map { #","from":\#($0)"# } ?? ""
        let retry = retryMs.map { #","retry_ms":\#($0)"# } ?? ""
        return .says(
            #"{"type":"error","username":"Ada","value":"No","code":"\#(code)","room":"tea","#
                + #""n":\#(n)\#(from)\#(retry)}"#
        )
    }

    static func settled(_ key: String, _ state: String = "acknowledged") -> Step {
        .sees(#"{"see":"settled","key":"\#(key)","state":"\#(state)"}"#)
    }

    static let stopped = Step.sees(#"{"see":"stopped"}"#)

    static let asksToConnect = Step.asks(#"{"do":"connect","name":"Ada"}"#)
    static let asksToJoin = Step.asks(#"{"do":"join","room":"tea"}"#)

    /// The client says one message, which is accepted.
    static let says: [Step] = [asksToSay("a"), hearsSaying("a", n: 1), ack(1), settled("a")]

    /// The client logs in for the first time.
    static let online: [Step] = [
        asksToConnect, .connects(within: Patience.start),
        .hears(#"{"type":"login","username":"Ada","session":null}"#),
        loggedIn(secret: 1),
    ]
    /// Then it joins a room in which four messages were said.
    static let inTea: [Step] =
        online + [
            asksToJoin, .hears(#"{"type":"join","room":"tea","since":null}"#), joined(4), synced(4),
        ]

    static func hearsJoin(since seq: Int, epoch: Int = 7, mid: String? = nil) -> Step {
        .hears(
            #"{"type":"join","room":"tea","since":{"epoch":"\#(epoch)","seq":\#(seq),"#
                + #""mid":"\#(mid ?? self.mid(seq))"}}"#
        )
    }

    /// The client comes back with the secret of its last login, and gets the next one.
    static func comesBack(
        secret number: Int,
        resumed: Bool = true,
        acked: Int = 0,
        within patience: Duration = Patience.usual
    ) -> [Step] {
        [
            .connects(within: patience),
            .hears(#"{"type":"login","username":"Ada","session":"\#(secret(number))"}"#),
            loggedIn(secret: number + 1, resumed: resumed, acked: acked),
        ]
    }
}
