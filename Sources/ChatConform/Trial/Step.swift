/// One step of a trial. The client that is tested is called the client; the program plays its server, and
/// the adapter is the client's application.
enum Step: Sendable {
    /// The application asks the client for something: a line to the adapter.
    case asks(String)
    /// The client opens a connection in this time.
    case connects(within: Duration = Patience.usual)
    /// The client opens no connection for this time.
    case staysAway(Duration)
    /// The server ends the client's connections before a login, until the client has waited for a time in all.
    /// It takes the client at most this number of waits.
    case isSentAway(times: Int, atLeast: Duration)
    /// The client has not waited for the same time before each return: the times are apart by this or more,
    /// without some of the shortest and as many of the longest.
    case hasWaitedAtRandom(apart: Duration, outliers: Int)
    /// The client sends a message with this in it. Of its messages of one type the next one counts.
    case hears(String)
    /// The client sends nothing but pings until the `retry_ms` that the server has told last is over, and then
    /// a message with this in it.
    case hearsWhenDue(String)
    /// The client sends nothing but pings for this time.
    case hearsNothing(Duration)
    /// The client sends at most this number of `chat`s in all such steps of the trial, and no more for a second.
    case hearsChatsAtMost(Int)
    /// The client sends a ping at once, of either kind.
    case hearsPing
    /// The server sends a message.
    case says(String)
    /// The server sends many messages of 2 KiB, with numbers from one on.
    case floods(from: Int, count: Int)
    /// The client has stopped to read what the server sends; or has read all, if its engine cannot stop.
    case isHeldUp
    /// The server answers no ping from here on.
    case fallsSilent
    /// The server closes the connection with a code.
    case closes(Int)
    /// The connection ends without a close frame, when the client has read everything.
    case cuts
    /// The client ends the connection in this time after its last ping, and not before the other.
    case drops(within: Duration, notBefore: Duration)
    /// The application sees this: a line from the adapter.
    case sees(String)
    /// The application sees the entries with these numbers, in their order.
    case seesEntries(from: Int, count: Int)
    /// Time passes.
    case waits(Duration)
    /// A step that is left out for clients whose engine cannot follow the trial's rule in full.
    indirect case unlessExcepted(Step)
}

extension Step {
    /// Whether less is asked of clients whose engine cannot follow the trial's rule in full.
    var hasException: Bool {
        switch self {
        case .unlessExcepted, .isHeldUp: true
        default: false
        }
    }
}

/// How long the steps of trials wait.
enum Patience {
    /// For the start of an adapter, and of what runs it.
    static let start = Duration.seconds(30)
    /// For what comes at once from a client on a busy machine, and for a first return.
    static let usual = Duration.seconds(10)
    /// By how much a client may be early: it counts by a clock of its own, the coarsest of which go on every 16 ms.
    static let early = Duration.milliseconds(50)
    /// For a return after some failures: the longest bound that the rules give as an example, and some more.
    static let longReturn = Duration.seconds(25)
    /// For 10,000 messages through a client of any language.
    static let flood = Duration.seconds(60)
}

/// A conversation that shows whether a client follows a rule of `docs/protocol/clients.md`.
struct Trial: Sendable {
    /// The rule, such as `C6`.
    let rule: String
    /// What the client does, as a sentence without its subject.
    let title: String
    /// The subprotocol that the server picks.
    var subprotocol: String? = "chat.v1"
    let steps: [Step]

    init(
        _ rule: String,
        _ title: String,
        picks subprotocol: String? = "chat.v1",
        _ steps: [Step]...
    ) {
        self.rule = rule
        self.title = title
        self.subprotocol = subprotocol
        self.steps = steps.flatMap(\.self)
    }

    /// Whether this is a trial of a rule with steps that can be left out.
    func hasExceptions(to rule: String) -> Bool {
        self.rule == rule && steps.contains(where: \.hasException)
    }
}
