/// Receives what a backend tells one event loop of a node: the other half of `Broker`.
///
/// A backend is an atomic store of names and logs with a notification. It tells each loop, on that
/// loop:
///
/// 1. `registrationChanged` before the first `connected`, so that no session asks for anything before
///    the node is registered. `leaseExpires` may come later: until its first call the loop's lease
///    has expired, and nothing is asked for either.
/// 2. `roomOpened` before messages of that room are delivered for the first time, and before it may
///    be published in. The position is that of the last message that was delivered, unless `missed`
///    was called since.
/// 3. `answered` once for each call that was sent while the loop was connected, in the order of the
///    calls, with the answer to that call or `refused`. Never inside `Broker.send`; it may be called
///    inside `Broker.endTurn`.
/// 4. `disconnected` if calls will have no answer: it settles all of them, also those that were sent
///    and have not left yet, and `answered` is not called again before the next `connected`. Whether
///    such a call was carried out is not known. It may be called again while the loop is not
///    connected; `connected` may not be called again before the next `disconnected`.
/// 5. `deliver` with the messages of a room in the room's order: each batch begins with the message
///    after the last one of the batch before, and no message is delivered twice. If messages in
///    between cannot be delivered any more, `missed` is called first. If the room has a new epoch, or
///    another history than was delivered, `reset` is called before the messages that follow: they
///    begin after its position, and those among them that were delivered before come in batches of
///    their own, which are marked as repeated (`FramedBatch.isRepeated`). The order is the same on all
///    loops, connected or not; one loop may be told later than another. Nothing is delivered that
///    the store did not put into the room's order, except messages of external programs, which have
///    no position.
/// 6. Every loop of every room that the node hears, whether the loop has entered it or not: so each
///    loop can keep a room's newest messages for clients that come later. The lobby is open on every
///    node without being entered, for as long as the backend serves. `deliver`, `reset`,
///    `missed` and `roomClosed` of a room come only between `roomOpened` and `roomClosed`. `roomClosed` does not
///    come while a loop of the node has entered the room and has not left it, as far as the node knew:
///    an `enter` that crosses a `roomClosed` on its way leads to a `roomOpened` after it. A room that
///    is opened again goes on at the end of its order, and what was published while it was closed is
///    not delivered. After `roomsShut` each open room is told `roomOpened` once more, when what was
///    published meanwhile has been delivered, or `roomClosed`.
/// 7. `roomRefused` to a loop that has entered a room, in place of `roomOpened`, if the node hears as
///    many rooms as it can (`max-rooms`). The loop then leaves the room; it may enter it
///    again later.
/// 8. `replaced` with a login of this node whose name a newer login of the same user has taken over:
///    what the login still sends is refused. It may come before the answer to the claim that granted
///    the login its name. If such news may be lost, `mayHaveMissedReplacements` follows: the loop claims
///    the names that can be taken over once more, and learns it from the answers.
/// 9. Nothing after `Backend.stop` has returned and the loop has run what was queued before.
///
/// `presenceChanged` of a room comes between its `roomOpened` and its `roomClosed`; the first one after
/// `roomOpened` says who is present, each other one also what has changed since the one before. No order
/// is promised between it and the delivery of messages.
///
/// `historyRead` answers each `Broker.read` in the order of the reads, as `answered` does the calls; no order
/// is promised between the two, nor between either of them and the delivery of messages.
/// `leaseExpires` with an instant in the past, `registrationChanged` and `roomOpened` may come at any
/// time afterwards: for another epoch, or because a loop has asked for it (`Broker.recheck…`); all
/// loops are told then. `BackendContractTests` checks this order over every backend.
///
/// On: the loop.
public protocol BrokerEvents: AnyObject {
    /// The node's names are its own until an instant, unless the lease is extended before.
    func leaseExpires(at instant: Instant)
    /// The node is registered as something, for the first time or again. `seen` is the highest number
    /// of each producer among the messages that the node was sent lately: messages of its own that
    /// are still without an answer may be among them.
    func registrationChanged(_ registration: Registration, seen: [ProducerID: UInt64])
    /// This loop can send calls.
    func connected()
    /// This loop cannot send calls: those without an answer will have none. `reason` is for people.
    func disconnected(_ reason: String)
    /// The answer to this loop's oldest call that had none.
    func answered(_ answer: BrokerAnswer)
    /// The messages of a room have been delivered up to a position, and it may be published in.
    func roomOpened(_ room: RoomName, at position: Position)
    /// Messages of every room may be missing, each until it is opened again.
    func roomsShut()
    /// The room is no longer heard: its position and backlog are void, and it may not be published in
    /// before the next `roomOpened`.
    func roomClosed(_ room: RoomName)
    /// A room that this loop has entered cannot be heard.
    func roomRefused(_ room: RoomName)
    /// Messages of a room, which came to this node at an instant.
    func deliver(_ batch: FramedBatch, to room: RoomName, arrivedAt: Instant)
    /// A room has a new epoch, or a history that was replaced within one: what was delivered up to the
    /// position stands, and what was delivered after it is void.
    func reset(_ room: RoomName, to position: Position)
    /// Messages of a room are lost to this node's clients; nil: which ones cannot be found out, and a
    /// `reset` follows.
    func missed(_ numbers: ClosedRange<UInt64>?, in room: RoomName)
    /// Who is present in a room that the node hears.
    func presenceChanged(_ news: PresenceFrames)
    /// A user writes in a room. It may come at any time, or not at all.
    func typing(_ name: String, in room: RoomName)
    /// The name of a login was taken over; most likely the login is another loop's.
    func replaced(_ login: LoginID)
    /// Names of this loop's logins may have been taken over without its being told.
    func mayHaveMissedReplacements()
    /// The answer to this loop's oldest `Broker.read` that had none; nil: it was turned away.
    func historyRead(_ page: HistoryPage?, for call: HistoryCall)
    /// Returns for each of these names whether this loop holds it or may hold it.
    func mayHold(_ keys: [String]) -> [Bool]
    /// The hashes of all names that this loop holds or may hold.
    var keyHashes: Set<Int> { get }
}
