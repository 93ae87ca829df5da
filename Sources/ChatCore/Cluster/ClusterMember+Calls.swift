extension ClusterMember {
    /// What the node asks over its membership connection. Answered in order by `answered`.
    public enum Call: Sendable, Hashable {
        /// A call of the lease.
        case lease(Lease.Call)
        /// What a room's log has after a position. The backend draws the name of the room's start, for
        /// the case that the room begins now.
        case catchUp(CatchUpCall, ticket: UInt64)
        /// Publishes a message to the node itself, to see whether its subscription brings it.
        case probe(Incarnation, ticket: UInt64?)
        /// Some of the names that a dead process holds.
        case heldKeys(of: Incarnation)
        /// Frees names of a dead process.
        case reap(ReapCall)
        /// A page of the names that this process holds, from a place that the page before has named.
        case heldPage(of: Incarnation, from: UInt64, audit: Int)
        /// The fencing token in a name's record.
        case fence(ofName: String, audit: Int)
        /// Frees a name that no session of this node knows.
        case release(Release)
        /// The label of another process.
        case label(of: Incarnation)
        /// Who is present in a room.
        case present(PresentCall)
    }

    /// The answer to the oldest unanswered call.
    public enum Answer: Sendable, Hashable {
        /// To `lease`.
        case lease(Lease.Answer)
        /// To `catchUp`.
        case catchUp(CatchUpAnswer)
        /// To `probe` and `release`: it was done.
        case done
        /// To `heldKeys`.
        case keys([String])
        /// To `reap`.
        case reap(ReapAnswer)
        /// To `heldPage`; `next` is 0 if the page was the last.
        case page(keys: [String], next: UInt64)
        /// To `fence`; nil: there is no record.
        case fence(UInt64?)
        /// To `label`; nil: there is none.
        case label(String?)
        /// To `present`.
        case present(PresentAnswer)
        /// To any call: it was turned away, and nothing was written.
        case refused
    }

    /// What is to be done, in order.
    public enum Effect: Sendable, Hashable {
        /// Send a call over the membership connection.
        case call(Call)
        /// Make the subscription's connection, and keep it from now on.
        case startSubscription
        /// End the subscription's connection and make it anew. Silent: nothing has come over it.
        case restartSubscription(isSilent: Bool)
        /// Subscribe to the process's own channel and then to these rooms, and say `subscribed` for each
        /// room that the broker confirms.
        case subscribeAll(Incarnation, [RoomName])
        /// Subscribe to one more room over the same connection, and say `subscribed` after that.
        case subscribe(RoomName)
        /// End the subscription to a room; what still comes of it is dropped.
        case unsubscribe(RoomName)
        /// Make each loop's own connection, and keep it from now on.
        case startBrokers

        /// Tell every loop.
        case leaseExpires(Instant)
        /// Tell every loop.
        case registrationChanged(Registration, seen: [ProducerID: UInt64])
        /// Tell every loop: the room was caught up with.
        case roomOpened(RoomName, Position)
        /// Tell every loop that all rooms have to be caught up with again.
        case roomsShut
        /// Tell one loop, which has entered a room that is open already.
        case roomIsOpen(RoomName, Position, loop: Int)
        /// Tell one loop that the room it wants to enter cannot be heard.
        case roomRefused(RoomName, loop: Int)
        /// Tell every loop that a room is no longer heard.
        case roomClosed(RoomName)
        /// Deliver these on every loop.
        case deliver(RoomName, Publication)
        /// Deliver these on every loop once more, to the clients that know positions.
        case redeliver(RoomName, Publication)
        /// Tell every loop that a room's history goes on from a position.
        case reset(RoomName, Position)
        /// Deliver this on every loop: it has no number and is not kept.
        case deliverExternal(RoomName, [UInt8])
        /// Tell every loop that messages are lost to the room's clients. Nil: it is not known which.
        case missed(RoomName, ClosedRange<UInt64>?)
        /// Tell every loop who is present in a room.
        case presenceChanged(PresenceNews)
        /// Tell every loop that the name of a login was taken over.
        case replaced(LoginID)
        /// Tell every loop that names may have been taken over of which this node was not told.
        case mayHaveMissedReplacements

        /// Ask every loop for the hashes of its names, then say `collected`.
        case collectNameHashes(audit: Int)
        /// Ask every loop which of these names it may hold, then say `checked`.
        case checkNames([String], audit: Int)

        /// A publication was dropped that the room's log knows nothing of.
        case ignored(RoomName)
        /// Frees a name that the broker takes for this node's and that no session knows.
        case freeing(key: String)
        /// Another living process has this node's label.
        case sameLabel(Incarnation)
        /// The data has the form of another version of this program: stop.
        case otherVersion(UInt64)
        /// Since when something of the broker is missing has changed; nil: nothing is missing.
        case availabilityChanged(since: Instant?)
        /// For the first time, nothing is missing and the grace is over.
        case ready
    }
}
