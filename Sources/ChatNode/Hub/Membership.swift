import ChatCore

/// A WebSocket's place in a room of its loop.
struct Membership {
    let table: MemberTable
    var place: Int
    /// Whether the client has still to be told when it has got what was there when it joined.
    var isReplaying = false
    /// Whether the client has asked where it stands while it lacks messages: it is told when it has them.
    var isAskedAgain = false
}

/// The rooms that a WebSocket is in. Layout: nearly always it is one, which is stored inline.
struct Memberships {
    private var first: Membership?
    private var others: [Membership] = []

    var isEmpty: Bool { first == nil }

    /// All memberships, as they are now.
    var all: [Membership] { first.map { [$0] + others } ?? [] }

    /// Whether every room is caught up with, and its members that take frames have what was missed.
    var areCaughtUp: Bool {
        all.allSatisfy { $0.table.room.history.isCaughtUp(passed: $0.table.passed) }
    }

    /// The membership in a room; nil: the socket is not in it.
    func membership(in room: Room) -> Membership? {
        if let first, first.table.room === room { return first }
        return others.first { $0.table.room === room }
    }

    mutating func append(_ membership: Membership) {
        if first == nil { first = membership } else { others.append(membership) }
    }

    /// Removes the membership of a table.
    mutating func remove(_ table: MemberTable) {
        if first?.table === table {
            first = others.popLast()
        } else {
            others.removeAll { $0.table === table }
        }
        // A socket that has left its rooms keeps no memory for them.
        if others.isEmpty { others = [] }
    }

    /// Changes the membership of a table.
    mutating func update(_ table: MemberTable, _ change: (inout Membership) -> Void) {
        if var membership = first, membership.table === table {
            change(&membership)
            first = membership
        }
        for index in others.indices where others[index].table === table {
            change(&others[index])
        }
    }
}
