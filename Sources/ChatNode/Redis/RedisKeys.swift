import ChatCore

/// What keys and channels are called; the layout stands in `common.lua`.
///
/// The lobby's channel is the prefix itself, so that `redis-cli SUBSCRIBE chat` hears it.
struct RedisKeys: Sendable {
    /// What all of them begin with.
    let prefix: String

    init(prefix: String) {
        self.prefix = prefix
    }

    var epoch: String { prefix + "/epoch" }
    var nodes: String { prefix + "/nodes" }
    var dead: String { prefix + "/dead" }
    /// What the keys of held hashes begin with.
    var heldStem: String { prefix + "/held/" }
    func held(by incarnation: Incarnation) -> String { heldStem + incarnation.description }
    func label(of incarnation: Incarnation) -> String { "\(prefix)/label/\(incarnation)" }
    func name(_ key: String) -> String { prefix + "/name/" + key }
    func room(_ room: RoomName) -> String { prefix + "/room/" + room.text }
    func log(of room: RoomName) -> String { prefix + "/log/" + room.text }

    /// Where a room's messages travel.
    func channel(of room: RoomName) -> String {
        room == .lobby ? prefix : prefix + ":" + room.text
    }

    /// Where a node is told what is for it alone.
    func channel(of incarnation: Incarnation) -> String { "\(prefix)@\(incarnation)" }
}
