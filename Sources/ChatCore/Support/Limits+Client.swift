/// The bounds of the client's side, of every client or of a `chat.v1` client.
extension Limits {
    // MARK: A connection

    /// The longest time from the first packet of a connection to the end of its handshake. A node
    /// that takes over all clients of another one may be that slow.
    public static let openTimeout = Duration.seconds(10)
    /// The longest time from a `login` to its answer: in a new epoch a node lets it wait for
    /// `gracePatience`, and then `claimPatience` for its turn.
    public static let loginTimeout = Duration.seconds(12)
    /// The most bytes of the head of the answer to a handshake: balancers add fields of their own.
    public static let answerHeadBytes = 16 * 1024
    /// The most bytes kept of the body of a refusal, which is a sentence for people.
    public static let answerBodyBytes = 4 * 1024
    /// The most bytes of one message from a server: the longest that a node can be configured to
    /// relay (1 MiB), and its envelope.
    public static let heardBytes = 1024 * 1024 + 4096
    /// The number of events of a room that wait for their reader before the socket is no longer read, unless a
    /// call waits for its answer.
    public static let inboxMessages = 256
    /// The most events of a room that wait for their reader while a call waits for its answer; then the client
    /// leaves the room until the reader has caught up. A reader that says something at each message waits some
    /// milliseconds for the receipt; this is a second of the busiest room that one client can follow.
    public static let inboxMessagesInCalls = 4096
    /// The size of the read buffer that all connections of one loop share: a whole socket buffer in
    /// one call.
    public static let sharedReadBytes = 64 * 1024

    // MARK: A client of chat.v1

    /// How long a client waits at most before its first attempt to come back, drawn below this at random.
    public static let clientBackoffFirst = Duration.milliseconds(500)
    /// The longest of these waits, each twice as long as the one before: clients of a node that has failed
    /// are spread over it, and a person waits no longer.
    public static let clientBackoffLast = Duration.seconds(20)
    /// The most messages of a client without an answer. At the rate that a node allows (20 a second) they
    /// are 13 s of speech; a program that says more than is taken has to know it.
    public static let clientOutboxMessages = 256
    /// The most messages sent and not answered. A node takes 40 at once (`messageBurst`), and lets 64 wait
    /// for those to another room (`waitingMessages`); a refusal brings them all back.
    public static let clientWindow = 16
    /// The same in bytes: half of what a node lets wait (`waitingMessageBytes`).
    public static let clientWindowBytes = 32 * 1024
    /// The shortest time between two messages of a client that a node has refused one for now, until all are
    /// said: what a node takes (`messageRate`).
    public static let clientPace = Duration.milliseconds(50)
    /// The longest of these times, which is doubled when a node takes fewer messages: those that wait are said
    /// in minutes (`clientOutboxMessages`).
    public static let clientSlowestPace = Duration.seconds(1)
    /// The bytes of a message beside its value and its room's name: keys, punctuation, the longest number.
    public static let clientKeyBytes = 64
    /// The longest time from a request to its answer while the node has Redis: a claim in a new epoch waits
    /// for `gracePatience`, and a node that takes over another's clients may take its time. Then the client
    /// asks over another socket.
    public static let clientAnswerTimeout = Duration.seconds(30)
    /// After how much silence a client that waits for an answer asks whether the node is there: a claim in a
    /// new epoch is answered earlier.
    public static let clientAnswerSilence = Duration.seconds(15)
    /// How long a name that is taken may be the client's own, if the answer to its first claim was lost: until
    /// the node has noticed the end of the socket (`pingInterval`, `pongTimeout`) and the name has lingered
    /// (`nameLinger`), with a little to spare.
    public static let clientLostLogin = Duration.seconds(60)
    /// The time between two `typing` to a room: keys are struck more often than anybody looks.
    public static let clientTypingInterval = Duration.seconds(3)
    /// The longest time between two looks at the clock: a timer stands still while the machine sleeps, so a
    /// client notices within this time that it has slept. Then its user looks at the screen.
    public static let clientTick = Duration.seconds(1)
    /// How late a look at the clock shows that the machine has slept: a busy machine is less late.
    public static let clientSleep = Duration.seconds(5)
}
