/// A WebSocket's place in a room of its loop.
struct Membership {
    let room: Room
    var place: Int
}

/// The rooms that a WebSocket is in. Nearly always it is one, which needs no memory of its own.
struct Memberships {
    private var first: Membership?
    private var others: [Membership] = []

    var isEmpty: Bool { first == nil }

    /// All of them, as they are now.
    var all: [Membership] { first.map { [$0] + others } ?? [] }

    mutating func append(_ membership: Membership) {
        if first == nil { first = membership } else { others.append(membership) }
    }

    /// The socket has another place in a room.
    mutating func move(in room: Room, to place: Int) {
        if first?.room === room { first?.place = place }
        for index in others.indices where others[index].room === room {
            others[index].place = place
        }
    }
}
