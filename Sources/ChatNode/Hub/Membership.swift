/// A WebSocket's place in a room of its loop.
struct Membership {
    let room: Room
    var place: Int
}
