/// Every bound of the program, in one place, with its unit and its reason.
///
/// Those that an operator may change are defaults here and options in the command line; the
/// others are constants because a different value would break a promise to clients.
public enum Limits {
    // MARK: Handshake

    /// A connection that has not become a WebSocket by then is cut: one that says nothing, or says
    /// it a byte at a time, must not hold a descriptor.
    public static let handshakeTimeout = Duration.seconds(10)
    /// Bytes of the request line and the header fields together. 8,000 are recommended for the line
    /// alone (RFC 9112, section 3); HAProxy passes on no more than 16 KiB (`tune.bufsize`).
    public static let requestHeadBytes = 16 * 1024
    /// Header fields of one request: as many as HAProxy passes on, but for one (`tune.http.maxhdr`).
    public static let requestHeaders = 100
    /// Reads in which an opening request may come that is read without an HTTP parser, from its first
    /// byte each time. The buffers of so many doubled ones (`readBufferMinimumBytes`) hold 3,840
    /// bytes; who needs more of them sends in small pieces, and is left to a parser with a memory.
    public static let openingReads = 4

    // MARK: Messages

    /// One message, all its fragments together. Chat is text typed by people.
    public static let messageBytes = 16 * 1024
    /// From the first byte of a message to its last. A frame dribbled for an hour holds a buffer.
    public static let messageTimeout = Duration.seconds(10)
    /// Nesting of arrays and objects, so that checking a value takes constant stack.
    public static let jsonDepth = 32
    /// Messages that wait on one socket behind a `login` whose answer is pending.
    public static let waitingMessages = 64
    /// The same in bytes.
    public static let waitingMessageBytes = 64 * 1024

    // MARK: Names

    /// Unicode scalars of a user name, after normalisation.
    public static let usernameScalars = 32
    /// UTF-8 bytes of a user name, after normalisation; 32 scalars of four bytes.
    public static let usernameBytes = 128
    /// Characters of a room's name.
    public static let roomNameBytes = 64

    // MARK: Rates, per connection

    /// Messages a second, sustained: far above what a person types.
    public static let messageRate = 20.0
    /// Messages at once, before the rate applies.
    public static let messageBurst = 40.0
    /// Bytes a second, sustained, counted on the wire: pings and empty fragments count too.
    public static let byteRate = 64.0 * 1024
    /// Bytes at once, before the rate applies.
    public static let byteBurst = 256.0 * 1024
    /// How many bursts beyond its burst a client may go before it is cut with 4008: it was told
    /// `rate_limited` that many times and went on.
    public static let floodBursts = 5.0

    // MARK: Liveness

    /// Between pings. Below the 60 s after which nginx and many middleboxes cut an idle socket.
    public static let pingInterval = Duration.seconds(25)
    /// From a ping to any byte of the client; then 4005. Mobile networks take seconds to wake.
    public static let pongTimeout = Duration.seconds(8)
    /// The resolution of every timeout of a connection: one timer per loop serves all of them.
    public static let wheelTick = Duration.milliseconds(250)

    // MARK: Closing

    /// How long input is still read and thrown away after our close frame, so that a reset does
    /// not destroy the frame on its way.
    public static let lingerTimeout = Duration.seconds(2)
    /// How much input is thrown away in that time.
    public static let lingerBytes = 1024 * 1024
    /// A peer whose socket does not even take the close frame is cut.
    public static let closeTimeout = Duration.seconds(5)

    // MARK: Sending

    /// Private frames (answers, pings) that wait for one client that does not read; then 4000.
    public static let privateBytes = 64 * 1024
    /// A socket that has accepted no byte for so long is closed with 4000.
    public static let stallTimeout = Duration.seconds(30)
    /// The kernel's share of what waits for one client.
    public static let socketSendBufferBytes = 64 * 1024
    /// Messages of one room that a node keeps at hand for clients that fall behind.
    public static let backlogMessages = 1024
    /// The same in bytes.
    public static let backlogBytes = 1024 * 1024
    /// Private bytes handed to the channel at once: below it a reader makes no progress that shows.
    public static let handOverBytes = 16 * 1024
    /// Sends of one walk before other work of the loop gets its turn.
    public static let sendsPerTurn = 2000
    /// The same in time: what a client that says something meanwhile may have to wait.
    public static let walkTime = Duration.milliseconds(5)
    /// The pause of a long walk, in which the loop sees to its sockets.
    public static let walkPause = Duration.microseconds(50)

    /// A stretch in which one client after the other is seen off, reminded or closed, and the pause
    /// behind it, in which other work of the loop gets its turn: thousands vanish at once when a
    /// balancer does.
    public static let choreTime = Duration.milliseconds(1)
    /// Such a stretch while a node is leaving: its last clients' names wait behind it, and Redis's
    /// answers to them are waited for no longer than `redisCommandTimeout`.
    public static let drainChoreTime = Duration.milliseconds(10)

    // MARK: Publishing

    /// Messages in one call to the broker: a batch grows with load up to here.
    public static let batchMessages = 256
    /// With so many bytes a call is full: what is published together is kept and forgotten together,
    /// and `historyBytes` should hold several.
    public static let batchBytes = 128 * 1024
    /// Messages of one room and loop that wait for the call in flight; then `unavailable`. At
    /// 64 senders and the default rate, six seconds of a broker that does not answer.
    public static let outboxMessages = 8192
    /// A `chat` published by hand on a room's channel; longer ones are no chat.
    public static let byHandBytes = 64 * 1024
    /// How long a message may wait to be sent; then `unavailable`. As long as a call may take
    /// (`redisCommandTimeout`): a client hears of either within two seconds.
    public static let publishPatience = Duration.milliseconds(1500)
    /// How long a connection to the broker that was lost counts as about to be back: what clients ask
    /// waits, and operators are told nothing. The first try comes within 50 ms and the fourth within
    /// 750 (`redisBackoffFirst`, doubled), and takes milliseconds.
    public static let relinkPatience = Duration.seconds(1)
    /// From a login to its answer where the connection is lost meanwhile; then `unavailable`. A call
    /// that gets no answer (`redisCommandTimeout`), and the time to make another connection.
    public static let claimPatience = Duration.milliseconds(2500)
    /// A message whose fate was unknown and that proves not to have been accepted is sent again
    /// while it is younger than this, else refused: nobody wants to be heard minutes later.
    public static let resendAge = Duration.seconds(2)
    /// What a client is told to wait where something is out of reach for now.
    public static let retryAfter = Duration.seconds(1)

    // MARK: What is kept

    /// Messages kept per room.
    public static let historyMessages = 1000
    /// Bytes kept per room, so that one client cannot fill the memory.
    public static let historyBytes = 1024 * 1024
    /// How long messages of a room are kept, and how long a session may come back to its name.
    public static let historyAge = Duration.seconds(24 * 3600)

    // MARK: Standing

    /// How long a name is sure after its node's last heartbeat. A node that pauses for less loses
    /// nothing; the names of one that died are free two seconds later than this at most.
    public static let lease = Duration.seconds(6)
    /// What a holder takes off its lease: clocks of two machines drift by a few parts in a
    /// thousand at worst.
    public static let leaseMargin = Duration.milliseconds(500)
    /// Between two heartbeats: several may be late before a lease is in danger.
    public static let renewInterval = Duration.seconds(1)
    /// After an answer that came this long after the one before, watching others starts anew: a
    /// heartbeat's interval and the time a call may take.
    public static let watchInterruption = Duration.milliseconds(2500)
    /// In a new reign, how long only names held before are granted: a lease, so that who does not
    /// come back cannot prove anything any more, and its margin.
    public static let grace = Duration.milliseconds(6500)
    /// How long a login waits for the end of a grace, before its client is told to come again: a
    /// grace, and the time a call may take.
    public static let gracePatience = Duration.seconds(8)
    /// No epoch is as high: fences, 2^20 an epoch, would pass 2^53, from where on a script counts
    /// wrongly. The clock's seconds reach it in 2242.
    public static let epochs: UInt64 = 1 << 33
    /// No number is as high: Redis's scripts count in floating point, exactly up to here.
    public static let numbers: UInt64 = 1 << 53
    /// Between two looks for names that the broker takes for ours and no session knows.
    public static let auditInterval = Duration.seconds(60)
    /// Names looked at in one step of that, or half as many, as Redis counts: less than a millisecond
    /// of Redis and of a loop.
    public static let auditNames = 1000
    /// Names of a dead process that are freed in one call.
    public static let reapNames = 64

    // MARK: Listening to Redis

    /// Between two messages to ourselves over the subscription.
    public static let probeInterval = Duration.seconds(1)
    /// A subscription that has brought nothing for so long is deaf.
    public static let probeTimeout = Duration.milliseconds(2500)
    /// Messages of a log that are enough for one answer; it ends with the entry they are full in.
    public static let catchUpEntries = 256
    /// Messages of a room that wait while it catches up; more are read from the log instead.
    public static let heldMessages = 1024
    /// The same in bytes.
    public static let heldBytes = 1024 * 1024
    /// Messages of a room whose names a node remembers, to find its place in another history.
    public static let rememberedMessages = 1024
    /// Between two comparisons of a room's end with what has been delivered.
    public static let compareInterval = Duration.seconds(10)

    /// Between two lines of the log about what is no message.
    public static let junkReportInterval = Duration.seconds(60)

    // MARK: Without Redis

    /// How long a node that has lost Redis still calls itself ready: most outages are shorter, and
    /// a balancer would have nobody left.
    public static let readyWithoutRedis = Duration.seconds(10)
    /// How long plain clients are kept by a node without Redis, before they are sent elsewhere.
    public static let plainWithoutRedis = Duration.seconds(120)
    /// The first wait before a connection to Redis is tried again, at most.
    public static let redisBackoffFirst = Duration.milliseconds(50)
    /// The longest such wait.
    public static let redisBackoffLast = Duration.seconds(2)

    // MARK: The listener

    /// Connections that wait to be accepted: a whole cluster's clients come back at once.
    public static let acceptBacklog = 4096
    /// Connections accepted in one turn of the loop; each is a handshake and a login in the turns
    /// behind it. With 4,000 opened at one time the median of the node's work before it answers a
    /// ping that waits is 2.8 ms, and 5.9 with 64 a turn; with 64 opened at a time there is no
    /// clear difference.
    public static let acceptsPerTurn = 16
    /// How long nothing is accepted after there were no descriptors left for a connection.
    public static let acceptPause = Duration.milliseconds(100)
    /// The first read buffer, and what most clients keep: a handshake without cookies, or a line of
    /// chat typed by a person. It doubles with each full read.
    public static let readBufferMinimumBytes = 256
    /// The largest read buffer: one whole message.
    public static let readBufferMaximumBytes = 16 * 1024

    // MARK: The operators' listener

    /// Operators' connections at one time: a scraper or two, and people.
    public static let adminConnections = 16
    /// From an operator's connection to the last byte of its answer.
    public static let adminTimeout = Duration.seconds(10)
    /// Between two looks of a loop at what waits for its clients, for the figures.
    public static let metricsSweep = Duration.seconds(1)
    /// A unix socket younger than this may belong to a node that is about to listen on it, and is not
    /// tidied up.
    public static let adminSocketSettled = Duration.seconds(60)
    /// A unix socket's path: `sun_path` of Linux (unix(7)) and its closing zero.
    public static let socketPathBytes = 107

    // MARK: The client's side

    /// From the first packet of a connection to the end of its handshake. A node that takes back
    /// all clients of another one may be that slow.
    public static let openTimeout = Duration.seconds(10)
    /// From a `login` to its answer: in a new reign a node lets it wait for `gracePatience`.
    public static let loginTimeout = Duration.seconds(12)
    /// The head of the answer to a handshake: balancers add fields of their own.
    public static let answerHeadBytes = 16 * 1024
    /// What is kept of the body of a refusal, which is a sentence for people.
    public static let answerBodyBytes = 4 * 1024
    /// One message from a server: the longest that a node can be told to relay (1 MiB), and its
    /// envelope.
    public static let heardBytes = 1024 * 1024 + 4096
    /// Messages that wait for a reader before the socket is not read any more.
    public static let inboxMessages = 256
    /// The read buffer that all connections of one loop share: a whole socket buffer in one call.
    public static let sharedReadBytes = 64 * 1024

    // MARK: Redis

    /// From the first packet to a connection with Redis, which is near.
    public static let redisConnectTimeout = Duration.seconds(1)
    /// From a command to its answer, and for all that is said on a new connection together. Scripts
    /// take microseconds; a renewal that gets no answer can be sent again before the lease is up.
    public static let redisCommandTimeout = Duration.milliseconds(1500)
    /// A connection over which nothing has been said for so long says PING. Redis can be told to end
    /// idle connections after a second (`timeout 1`), and a connection is looked at every `wheelTick`:
    /// so a PING leaves after 950 ms at most, and mostly there is one in 750 ms.
    public static let redisIdleInterval = Duration.milliseconds(700)
    /// Bytes given to the parser at once: libhiredis moves the rest of its buffer down after each
    /// kibibyte consumed (43 ns a message at 10 KB, 513 at 680 KB).
    public static let redisFeedBytes = 16 * 1024
    /// The smallest read buffer of a connection to Redis.
    public static let redisReadBufferMinimumBytes = 2 * 1024
    /// The largest one: four times what is parsed at once, so that load saves system calls.
    public static let redisReadBufferMaximumBytes = 64 * 1024
    /// The largest buffer of commands that is kept for the next ones: a hundred logins, or a batch of
    /// the messages that people write.
    public static let redisWriteBufferBytes = 64 * 1024
    /// Reads of one such connection in one turn of its loop, before others get theirs.
    public static let redisReadsPerTurn = 8
    /// One answer of Redis. The longest asked for are 512 messages of 16 KiB, and the names of one
    /// node: 12 MiB for 100,000 of them.
    public static let redisAnswerBytes = 64 * 1024 * 1024
    /// What a person is shown of what Redis, or somebody else in its place, said.
    public static let redisExcerptCharacters = 160
    /// The oldest version that will do: what an error in a script looks like changed in 7.0.
    public static let redisMajorVersion = 7
    /// Characters of what all keys and channels start with.
    public static let redisPrefixBytes = 32

    // MARK: Draining

    /// How long a leaving node waits for its clients before it cuts them.
    public static let drainTimeout = Duration.seconds(20)
    /// Sockets of one loop that a leaving node closes at once; then it pauses, so that their
    /// return elsewhere is spread out and those still there go on being served.
    public static let drainsPerTurn = 250
    /// The pause between them: 5,000 a second and loop.
    public static let drainPauseMilliseconds = 50

    // MARK: Printing

    /// Bytes of one output's lines that wait to be written: sixty of the longest, some thousand usual ones.
    /// A terminal or a pipe that pauses for a second or two loses nothing.
    public static let outputQueueBytes = 256 * 1024
    /// Bytes beside those for what is said to the person who started the process, from errors at the start
    /// to the last words.
    public static let outputWordsBytes = 64 * 1024
    /// How long the end of the process waits until its last lines are written: somebody who reads needs
    /// milliseconds, and somebody who does not is not waited for.
    public static let outputFlush = Duration.seconds(2)

    // MARK: What a process needs

    /// Descriptors of an event loop: SwiftNIO's epoll, eventfd and timerfd (SelectorEpoll.swift).
    public static let loopDescriptors = 3
    /// Descriptors that a node wants besides those it is known to need, before it starts: name look-ups,
    /// files, Dispatch's own (3), and the first clients.
    public static let spareDescriptors = 16
    /// Descriptors without which not even the command can begin: Dispatch's (3), one for each signal (3),
    /// one to read files with, and three to spare.
    public static let startDescriptors = 10
    /// Threads beside the loops: the two outputs', Dispatch's and Swift's own.
    public static let spareThreads = 8
    /// Free ports that are tried until one is free on all addresses of a host's name.
    public static let listenTries = 10
    /// How long a connection to Redis waits for the file with the password to be read, before it goes on
    /// with what it had: the disk may be a network's.
    public static let passwordFileTimeout = Duration.seconds(1)
}
