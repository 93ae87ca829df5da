/// Every bound of the program, in one place, with its unit and its reason.
///
/// Those that an operator may change are defaults here, with options on the command line; the
/// others are constants because a different value would break a promise to clients.
public enum Limits {
    // MARK: Handshake

    /// The time in which a connection must become a WebSocket; then it is cut. A client that sends
    /// nothing, or one byte at a time, must not hold a descriptor.
    public static let handshakeTimeout = Duration.seconds(10)
    /// The most bytes of the request line and the header fields together. 8,000 are recommended for
    /// the line alone (RFC 9112, section 3); HAProxy passes on no more than 16 KiB
    /// (`tune.bufsize`).
    public static let requestHeadBytes = 16 * 1024
    /// The most header fields of one request: one fewer than HAProxy passes on
    /// (`tune.http.maxhdr`).
    public static let requestHeaders = 100
    /// The most reads over which an opening request may arrive and still be read without an HTTP
    /// parser, each time again from its first byte. Four read buffers, each double the one before
    /// (`readBufferMinimumBytes`), hold 3,840 bytes; a client that needs more reads than that sends
    /// in small pieces, and a parser that keeps its state takes over.
    public static let openingReads = 4

    /// How long a client waits before it asks again a node that takes no more connections
    /// (`Retry-After`): long enough for a balancer to notice, and for others to leave.
    public static let retryAfterFull = Duration.seconds(5)

    // MARK: Arrivals, per loop

    /// Logins per second, sustained. A client that comes back takes 200 µs of its loop's time at most, so that
    /// half of that time is left for the clients that stayed. Twice as many handshakes are let in: they are a
    /// quarter of that work, and a client with an open socket can be told when to log in.
    public static let loginRate = 2500.0
    /// Logins at once, before the rate applies: all clients of a node that has failed (a process has 20,000
    /// descriptors here), if one loop gets them all. It has served them within 4 s.
    public static let loginBurst = 20_000.0
    /// How many handshakes are let in for each login.
    public static let handshakesPerLogin = 2.0
    /// The longest time that a client is told to wait for its turn to log in: shorter than `nameLinger`, so that
    /// one that comes back soon after its socket's end mostly finds its name at its turn.
    public static let longestTurn = Duration.seconds(15)

    // MARK: Messages

    /// The most bytes of one message, all its fragments together. Chat is text typed by people.
    public static let messageBytes = 16 * 1024
    /// The longest time from the first byte of a message to its last. A client that sends a frame
    /// over an hour would occupy a buffer all that time.
    public static let messageTimeout = Duration.seconds(10)
    /// The deepest nesting of arrays and objects, so that checking a value takes constant stack.
    public static let jsonDepth = 32
    /// The arrays and objects that a node puts around a message: a `history` and its `items`.
    public static let jsonAroundMessage = 2
    /// The most messages of one socket that wait: while its `login` has no answer yet, or until its
    /// messages for another room are settled.
    public static let waitingMessages = 64
    /// The same in bytes.
    public static let waitingMessageBytes = 64 * 1024

    // MARK: Names

    /// The most Unicode scalars of a user name, after normalisation.
    public static let usernameScalars = 32
    /// The most UTF-8 bytes of a user name, after normalisation: 32 scalars of four bytes.
    public static let usernameBytes = 128
    /// The most characters of a room's name.
    public static let roomNameBytes = 64

    // MARK: Rooms, per connection

    /// The most rooms that one client hears: more than a person follows, and few enough for a resume
    /// in all of them to be cheap. An operator may set fewer, not more: a call of a script changes
    /// `presencePairs` pairs of a name and a room at most.
    public static let roomsPerClient = 64
    /// Joins at once, before the rate applies: all rooms of a client that comes back.
    public static let joinBurst = 64.0
    /// Joins per second, sustained: each may have this node subscribe to a room.
    public static let joinRate = 5.0
    /// Rooms that one client may begin at once: enough for an evening's side conversations. A room begins when
    /// it is asked for and has no message yet; each costs a subscription, and Redis keeps it for a day.
    public static let newRoomBurst = 10.0
    /// Rooms that one client may begin per minute, sustained.
    public static let newRoomsPerMinute = 10.0
    /// The most bytes of a message's `id`, which the answer repeats: a UUID in its longest form has 38.
    public static let receiptBytes = 128

    // MARK: Rates, per connection

    /// Messages per second, sustained: far above what a person types.
    public static let messageRate = 20.0
    /// Messages at once, before the rate applies.
    public static let messageBurst = 40.0
    /// Bytes per second, sustained, counted on the wire: pings and empty fragments count too.
    public static let byteRate = 64.0 * 1024
    /// Bytes at once, before the rate applies.
    public static let byteBurst = 256.0 * 1024
    /// The number of bursts beyond the first that a client may go on sending, though it is told
    /// `rate_limited`, before it is cut with 4008.
    public static let floodBursts = 5.0

    // MARK: Liveness

    /// The time between pings. Below the 60 s after which nginx and many middleboxes cut an idle
    /// socket.
    public static let pingInterval = Duration.seconds(25)
    /// The longest time from a ping to any byte from the client; then 4005. Mobile networks take
    /// seconds to wake.
    public static let pongTimeout = Duration.seconds(8)
    /// The resolution of every timeout of a connection: one timer per loop serves all of them.
    public static let wheelTick = Duration.milliseconds(250)

    // MARK: Closing

    /// How long input is still read and discarded after our close frame, so that a TCP reset does
    /// not destroy the frame before it arrives.
    public static let lingerTimeout = Duration.seconds(2)
    /// The most input discarded in that time.
    public static let lingerBytes = 1024 * 1024
    /// The longest time in which a peer's socket must accept the close frame; then it is cut.
    public static let closeTimeout = Duration.seconds(5)

    // MARK: Sending

    /// The most bytes of private frames (answers, pings) that wait for one client that does not
    /// read; then 4000.
    public static let privateBytes = 64 * 1024
    /// The longest time in which a socket accepts no byte; then it is closed with 4000.
    public static let stallTimeout = Duration.seconds(30)
    /// The most bytes that the backlogs of all rooms of a node keep together; beyond it those rooms keep
    /// less in which nothing was said for the longest time. 256 rooms with full backlogs: others are read from
    /// their logs when a client comes back.
    public static let nodeBacklogBytes = 256 * 1024 * 1024
    /// How many bytes are delivered before the backlogs are weighed again, which looks at every room. They
    /// keep more than `nodeBacklogBytes` by that at most.
    public static let backlogWeighingBytes = 8 * 1024 * 1024
    /// The kernel's share of the data that waits for one client.
    public static let socketSendBufferBytes = 64 * 1024
    /// The most messages of one room that a node keeps in memory for clients that have not received
    /// them yet.
    public static let backlogMessages = 1024
    /// The same in bytes.
    public static let backlogBytes = 1024 * 1024
    /// The most private bytes handed to the channel at once: a slow client's progress shows only
    /// when such a piece has been sent as a whole.
    public static let handOverBytes = 16 * 1024
    /// The most sends of one broadcast before other work of the loop gets its turn.
    public static let sendsPerTurn = 2000
    /// The same in time: how long a client's message may have to wait meanwhile.
    public static let broadcastTime = Duration.milliseconds(5)
    /// The pause of a long broadcast, in which the loop reads from and writes to its sockets.
    public static let broadcastPause = Duration.microseconds(50)

    /// The longest time spent at once on clients that are torn down, pinged or closed one by one,
    /// before a pause in which other work of the loop gets its turn: when a balancer fails,
    /// thousands of clients vanish at once.
    public static let deferredWorkTime = Duration.milliseconds(1)
    /// The same while a node is leaving: the release of its last clients' names comes after that
    /// work, and waits for Redis's answers no longer than `redisCommandTimeout`.
    public static let drainDeferredWorkTime = Duration.milliseconds(10)

    // MARK: History

    /// The most messages kept per room.
    public static let historyMessages = 1000
    /// The most bytes kept per room, so that one client cannot fill the memory.
    public static let historyBytes = 1024 * 1024
    /// The most messages in one answer to `history`: a screen or two.
    public static let historyPageMessages = 100
    /// The most bytes of messages in one answer to `history`, of which there is at least one: what waits for
    /// a client that does not read is `privateBytes` at most.
    public static let historyPageBytes = 48 * 1024
    /// How long pages of a room's log stay in front of its backlog after they were last used, if both are more
    /// than a backlog may hold: clients that come back after an outage come within seconds, and read them
    /// once.
    public static let pageLinger = Duration.seconds(10)
    /// The most requests that wait for a page and are answered in one turn of a loop, each with a send or more:
    /// as many clients may come back at once as there are.
    public static let requestsPerTurn = 64
    /// How often the bytes of a backlog (`backlogBytes`) fit into one with pages in front: once for the
    /// backlog, twice for a log of `historyBytes`, which the headers and places of short messages make almost
    /// twice as long, and once for what comes meanwhile. Less would drop pages before they are used.
    public static let pagedBacklogs = 4
    /// How long messages of a room are kept, and how long a session may return to its name.
    public static let historyAge = Duration.seconds(24 * 3600)

    // MARK: Removal

    /// How long after it was said a message can be taken back by its sender, unless the operator sets something
    /// else: longer, and what others have
    /// answered to would change under them.
    public static let removalWindow = Duration.seconds(3600)
    /// The least time between two removals in a room, of all its clients: each writes the room's log anew, which
    /// holds Redis for 4 to 7 ms if it has 1,000 entries of 100 to 1,000 bytes (`Benchmarks/publish_script`).
    public static let removalPause = Duration.seconds(1)
    /// Removals of one login at once, before the rate applies: a slip of several lines.
    public static let removalBurst = 10.0
    /// Removals of one login per minute, sustained.
    public static let removalsPerMinute = 10.0
    /// The most bytes of the reason of a removal, with its quotes: a sentence.
    public static let removalReasonBytes = 256
    /// The most removals of a room that a loop remembers, so that no page of the log brings a text back.
    public static let recentRemovals = 1024

    /// How often a removal that was lost with data is tried again. A try comes with a tick (`wheelTick`) while
    /// the broker can be asked: with 40 it has had 10 s.
    public static let lostRemovalTries = 40

    // MARK: Typing

    /// How long a name is told to write after its client has said so: a client repeats it every three seconds,
    /// and one of these may be lost.
    public static let typingLifetime = Duration.seconds(7)
    /// After how long the names of those who go on writing are told once more: a member may have missed a frame,
    /// or come since.
    public static let typingRepeat = Duration.seconds(3)
    /// The least time between two frames that tell a room's members who writes.
    public static let typingPause = Duration.seconds(1)
    /// The most names that are told to write in a room: more than a line shows.
    public static let typingUsers = 10
    /// The most members of a loop in a room whose members are told who writes: with more, the frames cost more
    /// than they say.
    public static let typingMembers = 200
    /// How often a client may say that its user writes, per second: more is not passed on.
    public static let typingRate = 0.5
    /// The same at once: in a few rooms.
    public static let typingBurst = 4.0

    // MARK: The listener

    /// The most connections that wait to be accepted: a whole cluster's clients may return at once.
    public static let acceptBacklog = 4096
    /// The most connections accepted in one turn of the loop; each causes a handshake and a login
    /// in the turns after it. With 4,000 opened at one time the median of the node's work before it
    /// answers a waiting ping is 2.8 ms, and 5.9 ms with 64 per turn; with 64 opened at a time
    /// there is no clear difference.
    public static let acceptsPerTurn = 16
    /// How long no connection is accepted after there were no descriptors left for one.
    public static let acceptPause = Duration.milliseconds(100)
    /// The size of the first read buffer, which most clients keep: a handshake without cookies, or
    /// a line of chat typed by a person. It doubles with each full read.
    public static let readBufferMinimumBytes = 256
    /// The size of the largest read buffer: one whole message.
    public static let readBufferMaximumBytes = 16 * 1024

    // MARK: The operators' listener

    /// The most connections of operators at one time: one or two scrapers, and people.
    public static let adminConnections = 16
    /// The longest time from the start of an operator's connection to the last byte of its answer.
    public static let adminTimeout = Duration.seconds(10)
    /// The time between two measurements by a loop of what waits for its clients, for the metrics.
    public static let metricsSweep = Duration.seconds(1)
    /// The age below which a unix socket is not removed as abandoned: it may belong to a node that
    /// is about to listen on it.
    public static let adminSocketSettled = Duration.seconds(60)
    /// The longest path of a unix socket: Linux's `sun_path` (unix(7)) without its closing zero.
    public static let socketPathBytes = 107

    // MARK: Draining

    /// How long a leaving node waits for its clients before it cuts them.
    public static let drainTimeout = Duration.seconds(20)
    /// The number of sockets of one loop that a leaving node closes at once, before a pause: so
    /// their return elsewhere is spread out, and the sockets still open continue to be served.
    public static let drainsPerTurn = 250
    /// The pause between them: 5,000 sockets per second and loop.
    public static let drainPauseMilliseconds = 50

    // MARK: Printing

    /// The most bytes of one output's lines that wait to be written: sixty of the longest, or some
    /// thousand usual ones. A terminal or a pipe that pauses for a second or two loses nothing.
    public static let outputQueueBytes = 256 * 1024
    /// The most bytes, beyond those, of messages to the person who started the process, from errors
    /// at the start to the last words.
    public static let outputWordsBytes = 64 * 1024
    /// How long the end of the process waits until its last lines are written: a process that reads
    /// them needs milliseconds, and one that does not read is not waited for.
    public static let outputFlush = Duration.seconds(2)

    // MARK: Resources of a process

    /// The number of descriptors of an event loop: SwiftNIO's epoll, eventfd and timerfd
    /// (SelectorEpoll.swift).
    public static let loopDescriptors = 3
    /// The number of descriptors that a node requires before it starts, beyond those it is known to
    /// need: for name look-ups, files, Dispatch's own (3), and the first clients.
    public static let spareDescriptors = 16
    /// The number of descriptors without which not even the command can begin: Dispatch's (3), one
    /// for each signal (3), one to read files with, and three to spare.
    public static let startDescriptors = 10
    /// The number of threads besides the loops: the two outputs', Dispatch's and Swift's own.
    public static let spareThreads = 8
    /// The most ports tried to find one that is free on all addresses of a host's name.
    public static let listenTries = 10
    /// How long a connection to Redis waits for the file with the password to be read, before it
    /// uses the former password: the file may be on a network disk.
    public static let passwordFileTimeout = Duration.seconds(1)
}
