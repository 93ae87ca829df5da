/// The bounds of what a node asks of Redis, and of how long it does without.
extension Limits {
    // MARK: Publishing

    /// The most messages in one call to the broker: batches grow with load up to this.
    public static let batchMessages = 256
    /// The number of bytes at which a call is full: what is published together is kept and deleted
    /// together, and `historyBytes` should hold several calls.
    public static let batchBytes = 128 * 1024
    /// The most messages of one room and loop that wait for the call in flight; then `unavailable`.
    /// With 64 senders at the default rate they are six seconds of a broker that does not answer.
    public static let outboxMessages = 8192
    /// The most bytes of a `chat` that an external program publishes on a room's channel; a longer
    /// one is malformed.
    public static let externalBytes = 64 * 1024
    /// The longest time a message may wait to be sent to the broker; then `unavailable`. As long as
    /// a call may take (`redisCommandTimeout`): a client is told of either within two seconds.
    public static let publishPatience = Duration.milliseconds(1500)
    /// The shortest time between two looks at the end of one room, on one loop, for clients that name a
    /// position ahead of the node's. A client that tells the truth seldom needs one, because what it has
    /// heard is on its way; one that does not must cost the room's members nothing. Shorter than
    /// `publishPatience`, so that each such client is answered by one.
    public static let earlyJoinInterval = Duration.seconds(1)
    /// How long a node is without its broker before its clients are told (`status`): longer than a
    /// connection that is cut takes to return. With the time after which a call counts as unanswered
    /// (`redisCommandTimeout`) and a tick (`wheelTick`) it is the two seconds or so after which a client
    /// knows.
    public static let degradedAfter = Duration.milliseconds(500)
    /// How long a lost connection to the broker counts as about to return: meanwhile clients'
    /// requests wait, and operators are told nothing. The first attempt comes within 50 ms and the
    /// fourth within 750 ms (`redisBackoffFirst`, doubled); an attempt takes milliseconds.
    public static let relinkPatience = Duration.seconds(1)
    /// The longest time that a login waits to be sent to the broker, for the connection or for the
    /// claims before it; then `unavailable`. A call that gets no answer (`redisCommandTimeout`), and
    /// the time to make another connection.
    public static let claimPatience = Duration.milliseconds(2500)
    /// The age up to which a message is sent again if its fate was unknown and it proves not to
    /// have been accepted; an older one is refused, because its sender does not expect it to appear
    /// minutes later.
    public static let resendAge = Duration.seconds(2)
    /// How long a client is told to wait if something is out of reach for now.
    public static let retryAfter = Duration.seconds(1)

    // MARK: Registration

    /// The most claims in one call to the broker. One claim alone costs Redis 50 µs, one of 16 costs 22
    /// and one of 64 costs 18: more would save little, and a call of 64 already keeps Redis from
    /// everything else for 1 to 2 ms.
    public static let claimsPerCall = 64
    /// How long a name's lease is valid after its node's last heartbeat. A node that pauses for
    /// less loses nothing; the names of a node that died are free at most two seconds later than
    /// this.
    public static let lease = Duration.seconds(6)
    /// How much earlier than after `lease` a holder considers its lease expired: the clocks of two
    /// machines drift by a few parts in a thousand at worst.
    public static let leaseMargin = Duration.milliseconds(500)
    /// The time between two heartbeats: several may be late before a lease is in danger.
    public static let renewInterval = Duration.seconds(1)
    /// The time between two answers after which the failure detector starts its observations anew:
    /// a heartbeat's interval and the time a call may take.
    public static let detectorInterruption = Duration.milliseconds(2500)
    /// How long, in a new epoch, only names held before are granted: a lease and its margin. By
    /// then no holder that has not returned can still prove its lease.
    public static let grace = Duration.milliseconds(6500)
    /// The longest time a login waits for the end of a grace, before its client is told to try
    /// again: a grace, and the time a call may take.
    public static let gracePatience = Duration.seconds(8)
    /// The bound that every epoch stays below: fences, 2^20 per epoch, would otherwise pass 2^53,
    /// from where on a script counts wrongly. The clock's seconds reach it in 2242.
    public static let epochs: UInt64 = 1 << 33
    /// The bound that every number stays below: Redis's scripts count in floating point, exactly up
    /// to here.
    public static let numbers: UInt64 = 1 << 53
    /// The time between two searches for names that the broker records as this node's and no
    /// session knows.
    public static let auditInterval = Duration.seconds(60)
    /// The most names examined in one step of that search (or half as many, as Redis counts them):
    /// less than a millisecond of Redis and of a loop.
    public static let auditNames = 1000
    /// The most names of a dead process that are freed in one call.
    public static let reapNames = 64

    // MARK: Listening to Redis

    /// The time between two messages that the node sends to itself over the subscription.
    public static let probeInterval = Duration.seconds(1)
    /// The longest time in which a subscription may bring nothing; then it counts as deaf.
    public static let probeTimeout = Duration.milliseconds(2500)
    /// The number of messages of a log at which an answer is full; it ends with the entry that
    /// reaches it.
    public static let catchUpEntries = 256
    /// The most messages of a room that wait while it catches up; further ones are read from the
    /// log instead.
    public static let heldMessages = 1024
    /// The same in bytes.
    public static let heldBytes = 1024 * 1024
    /// The number of messages of a room whose ids a node remembers, to find its place in a
    /// different history.
    public static let recentMessages = 1024
    /// The time between two comparisons of a room's end with what has been delivered.
    public static let compareInterval = Duration.seconds(10)

    // MARK: Presence

    /// The most names of a room that its members are told; of more they are told the number alone. A list
    /// of 200 is 2 to 26 KB, so that each name that joins costs the room's members less than a message, and
    /// no call reads more (`here.lua` has the same number).
    public static let presenceListed = 200
    /// The most pairs of a name and a room in one call to the broker, unless a single name has more: 64
    /// names of 64 rooms kept Redis from everything else for 40 to 50 ms (`here.lua` has the same number).
    public static let presencePairs = 64
    /// The shortest time between two pieces of news of who is present in a room, and between two readings of
    /// its names: people do not see a list change faster, and a room of 10,000 members with 100 coming and
    /// going a second costs a frame a second for each member.
    public static let presencePause = Duration.seconds(1)
    /// The most rooms whose names a node reads at a time. One of 200 names takes Redis 50 µs: 64 of them hold
    /// it for 3 ms.
    public static let presenceReadings = 64
    /// The most changes of a room that wait while its names are read; further ones are read as well.
    public static let presenceWaiting = 64

    // MARK: Rooms

    /// How long a name is kept for its `chat.v1` user after the socket is gone: a client that changes
    /// networks, or whose node is left, is back within seconds, and one that pauses in between does not
    /// find its name taken.
    public static let nameLinger = Duration.seconds(20)
    /// The most names of a loop whose linger ends with one tick (`wheelTick`). Each is a call, and the messages of
    /// the loop wait behind it in Redis: 15 ms for these, if a call takes 60 µs. A name lingers longer if thousands
    /// of clients have vanished at once.
    public static let lingerEndsPerTick = 250

    /// How long a node hears a room after its last interest in it has ended: a client that comes back
    /// from a page reload or a change of networks finds the room open, and a speaker without a member
    /// need not open it for each message.
    public static let roomLinger = Duration.seconds(30)
    /// The most rooms that one node hears. Each takes some hundred bytes on every loop, 40 KB if it is
    /// busy (`recentMessages`), and a question to the broker every `compareInterval`: with all of them
    /// 5,000 questions per second.
    public static let roomsPerNode = 50_000
    /// The most rooms in one call or burst of calls to the broker: how many are asked about, or
    /// subscribed to, before something else gets its turn. 256 questions of 60 µs hold Redis for
    /// 15 ms.
    public static let roomsAtOnce = 256
    /// The number of messages, of all rooms together, among which a node looks for its own producers'
    /// highest numbers when its registration is announced: with more rooms, fewer of each. It takes
    /// the loop about 10 ms.
    public static let seenMessages = 65_536
    /// The time between two searches of a store in memory for rooms that are not heard and whose
    /// messages are too old to be kept. A thousandth of `historyAge`, so that hardly more than that
    /// is kept too long.
    public static let roomSweepInterval = Duration.seconds(60)

    /// The time between two lines of the log about malformed messages, and between two about names
    /// whose records are damaged.
    public static let malformedReportInterval = Duration.seconds(60)

    // MARK: Without Redis

    /// How long a node that has lost Redis still reports itself ready: most outages are shorter,
    /// and a balancer would have no node left.
    public static let readyWithoutRedis = Duration.seconds(10)
    /// How long a node without Redis keeps plain clients, before it sends them elsewhere.
    public static let plainWithoutRedis = Duration.seconds(120)
    /// The longest first wait before a connection to Redis is tried again.
    public static let redisBackoffFirst = Duration.milliseconds(50)
    /// The longest such wait of all.
    public static let redisBackoffLast = Duration.seconds(2)

    // MARK: Redis

    /// The longest time from the first packet to a connection with Redis, which is near.
    public static let redisConnectTimeout = Duration.seconds(1)
    /// The longest time from a command to its answer, and for all commands at the start of a new
    /// connection together. Scripts take microseconds; a heartbeat that gets no answer can be sent
    /// again before the lease expires.
    public static let redisCommandTimeout = Duration.milliseconds(1500)
    /// The time without traffic after which a connection sends PING. Redis can be configured to
    /// close idle connections after a second (`timeout 1`), and a connection is examined every
    /// `wheelTick`: so a PING leaves after at most 950 ms, and usually within 750 ms.
    public static let redisIdleInterval = Duration.milliseconds(700)
    /// The most bytes given to the parser at once: libhiredis moves the rest of its buffer down
    /// after each kibibyte consumed (43 ns per message at 10 KB, 513 ns at 680 KB).
    public static let redisFeedBytes = 16 * 1024
    /// The size of the smallest read buffer of a connection to Redis.
    public static let redisReadBufferMinimumBytes = 2 * 1024
    /// The size of the largest one: four times what is parsed at once, so that fewer system calls
    /// are needed under load.
    public static let redisReadBufferMaximumBytes = 64 * 1024
    /// The size of the largest buffer of commands that is kept for reuse: a hundred logins, or a
    /// batch of messages of the usual length.
    public static let redisWriteBufferBytes = 64 * 1024
    /// The most reads of one connection to Redis in one turn of its loop, before others get their
    /// turn.
    public static let redisReadsPerTurn = 8
    /// The most bytes of one answer of Redis. The longest requested are 512 messages of 16 KiB, and
    /// the names of one node: 12 MiB for 100,000 of them.
    public static let redisAnswerBytes = 64 * 1024 * 1024
    /// The most characters shown to a person of an answer of Redis, or of another program in its
    /// place.
    public static let redisExcerptCharacters = 160
    /// The oldest major version that is supported: the form of an error in a script changed in 7.0.
    public static let redisMajorVersion = 7
    /// The most characters of the prefix of all keys and channels.
    public static let redisPrefixBytes = 32
}
