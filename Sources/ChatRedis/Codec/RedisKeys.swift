import ChatCore

/// What keys and channels are called; the layout stands in `common.lua`.
///
/// The lobby's channel is the prefix itself, so that `redis-cli SUBSCRIBE chat` hears it.
package struct RedisKeys: Sendable {
    /// The prefix of nodes that are told no other.
    package static let defaultPrefix = "chat"

    /// What all of them begin with.
    let prefix: String

    let epoch, nodes, dead: String
    /// What those keys begin with of which there are many.
    let heldStem, labelStem, nameStem, roomStem, logStem, hereStem: String

    package init(prefix: String) {
        self.prefix = prefix
        epoch = prefix + "/epoch"
        nodes = prefix + "/nodes"
        dead = prefix + "/dead"
        heldStem = prefix + "/held/"
        labelStem = prefix + "/label/"
        nameStem = prefix + "/name/"
        roomStem = prefix + "/room/"
        logStem = prefix + "/log/"
        hereStem = prefix + "/here/"
    }

    func held(by incarnation: Incarnation) -> String { heldStem + incarnation.description }
    func label(of incarnation: Incarnation) -> String { labelStem + incarnation.description }
    func name(_ key: String) -> String { nameStem + key }
    func room(_ room: RoomName) -> String { roomStem + room.text }
    func here(in room: RoomName) -> String { hereStem + room.text }
    func log(of room: RoomName) -> String { logStem + room.text }

    /// Where a room's messages travel.
    func channel(of room: RoomName) -> String {
        room == .lobby ? prefix : prefix + ":" + room.text
    }

    /// Where a node is told what is for it alone.
    func channel(of incarnation: Incarnation) -> String {
        prefix + "@" + incarnation.description
    }
}
