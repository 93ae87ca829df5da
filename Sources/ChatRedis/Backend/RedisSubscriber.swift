import ChatCore
import NIOCore

/// What comes over the subscription's connection, read as events of the `ClusterMember`.
///
/// Redis confirms the subscriptions and the ends of subscriptions to one channel in the order in which it
/// was asked for them. So a channel's state is known when the newest of them is confirmed; what comes
/// before that is dropped.
///
/// On: the home loop.
struct RedisSubscriber {
    /// The meaning of one push.
    enum Event {
        /// The newest subscription to a room is confirmed.
        case confirmed(RoomName)
        case publication(Publication, RoomName)
        case external([UInt8], RoomName)
        case presence(PresenceChange)
        case typing(String, RoomName)
        case probe(ticket: UInt64)
        /// The name of one of this node's logins was taken over.
        case replaced(LoginID)
        /// Nothing that this program knows.
        case malformed(String)
        case nothing
    }

    /// A room's channel, while it is subscribed to or a confirmation is still to come.
    private struct Channel {
        let room: RoomName
        /// Whether the channel was subscribed to last, and not unsubscribed from.
        var isWanted = false
        /// The number of confirmations that are still to come.
        var unconfirmed = 0
    }

    private let keys: RedisKeys
    /// The node's own channel.
    private var own: [UInt8] = []
    private var channels: [[UInt8]: Channel] = [:]
    /// The channel on which the last message came, and its room: nearly always the next comes there,
    /// too. Nil if the channel is no longer heard.
    private var latest: (name: [UInt8], room: RoomName)?

    init(keys: RedisKeys) {
        self.keys = keys
    }

    // MARK: Out

    /// Subscribes a new connection: to the node's own channel first, so that each probe that a room
    /// causes comes back.
    ///
    /// Redis carries out a command as a whole, so that many rooms need several.
    mutating func subscribe(
        _ connection: RedisConnection,
        as incarnation: Incarnation,
        to rooms: [RoomName]
    ) {
        own = Array(keys.channel(of: incarnation).utf8)
        channels = [:]
        latest = nil
        connection.subscribe([own])
        for start in stride(from: 0, to: rooms.count, by: Limits.roomsAtOnce) {
            let some = rooms[start..<min(start + Limits.roomsAtOnce, rooms.count)]
            connection.subscribe(some.map { change($0, isWanted: true) })
        }
        connection.flush()
    }

    /// Subscribes to one more room. The caller flushes.
    mutating func subscribe(_ connection: RedisConnection, to room: RoomName) {
        connection.subscribe([change(room, isWanted: true)])
    }

    /// Unsubscribes from a room. The caller flushes.
    mutating func unsubscribe(_ connection: RedisConnection, from room: RoomName) {
        connection.unsubscribe([change(room, isWanted: false)])
    }

    private mutating func change(_ room: RoomName, isWanted: Bool) -> [UInt8] {
        let name = Array(keys.channel(of: room).utf8)
        channels[name, default: Channel(room: room)].isWanted = isWanted
        channels[name]?.unconfirmed += 1
        latest = nil
        return name
    }

    // MARK: In

    /// Reads a push.
    mutating func read(_ push: RespValue) -> Event {
        guard let parts = push.elements, parts.count == 3, let kind = parts[0].bytes,
            let channel = parts[1].bytes
        else { return .nothing }
        if kind == Self.message { return message(parts[2].bytes ?? [], on: channel) }
        return kind == Self.subscribe || kind == Self.unsubscribe ? confirm(channel) : .nothing
    }

    private static let message = Array("message".utf8)
    private static let subscribe = Array("subscribe".utf8)
    private static let unsubscribe = Array("unsubscribe".utf8)

    private mutating func confirm(_ name: [UInt8]) -> Event {
        guard var channel = channels[name] else { return .nothing }
        channel.unconfirmed -= 1
        let isSettled = channel.unconfirmed == 0
        channels[name] = isSettled && !channel.isWanted ? nil : channel
        return isSettled && channel.isWanted ? .confirmed(channel.room) : .nothing
    }

    private mutating func message(_ payload: [UInt8], on channel: [UInt8]) -> Event {
        guard let room = room(of: channel) else {
            guard channel == own else { return .nothing }
            switch StoreCodec.nodeMessage(payload) {
            case .probe(let ticket): return .probe(ticket: ticket)
            case .replaced(let login): return .replaced(login)
            case nil: return .nothing
            }
        }
        switch PublicationCodec.parse(payload, room: room) {
        case .messages(let publication): return .publication(publication, room)
        case .external(let body): return .external(body, room)
        case .presence(let change): return .presence(change)
        case .typing(let name): return .typing(name, room)
        case .malformed(let reason): return .malformed(reason)
        }
    }

    /// Returns the room of a channel that is subscribed to.
    private mutating func room(of name: [UInt8]) -> RoomName? {
        if let latest, latest.name == name { return latest.room }
        guard let channel = channels[name], channel.isWanted, channel.unconfirmed == 0 else {
            return nil
        }
        latest = (name, channel.room)
        return channel.room
    }
}
