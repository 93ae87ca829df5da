import TestSupport

@testable import ChatCore

/// The rooms of a simulated cluster: loops enter and leave them, and each has one order.
extension Simulation {
    /// Lets rooms have their first member on some loop, or lose the last one.
    func comeAndGo() {
        world.after(world.duration(1...600, unit: 1_000_000)) { [self] in
            if !isPeaceful, let node = nodes.randomElement(using: &world.random),
                let loop = node.loops.randomElement(using: &world.random),
                let room = world.rooms.randomElement(using: &world.random)
            {
                node.runs { loop.toggleMembers(in: room) }
            }
            comeAndGo()
        }
    }

    func leaveRooms() {
        for loop in nodes.flatMap(\.loops) {
            for room in world.rooms where loop.rooms[room]?.isHeld == true {
                loop.toggleMembers(in: room)
            }
        }
    }

    /// All nodes hear the messages of a room in one order, each message once and none too few.
    func expectOrder(of room: RoomName) {
        world.expectPresence(redis, nodes)
        var place: [UInt64: MessageID] = [:]
        for node in nodes {
            guard let heard = node.heard[room] else { continue }
            let who = "node \(node.number) in \(room.text)"
            for mid in heard.doubles where !redis.unanswered.mayBeTwice(mid) {
                complain("\(who) twice: \(mid)")
            }
            node.views[room]?.compare(with: redis.store.history(of: room))
            for violation in node.views[room]?.violations ?? []
            where !redis.unanswered.explains(violation) {
                complain("\(who): \(violation)")
            }
            var before: UInt64?
            var mayJump = true
            for message in heard.messages where kind == .keepsData {
                guard let (seq, mid) = message else {
                    mayJump = true
                    continue
                }
                let follows = before.map { mayJump ? seq > $0 : seq == $0 + 1 } ?? true
                if !follows, heard.misses == 0 { complain("\(who): \(seq) after \(before ?? 0)") }
                (before, mayJump) = (seq, false)
                if let other = place[seq], other != mid {
                    complain("two at \(seq) in \(room.text)")
                }
                place[seq] = mid
            }
            let end = node.member.rooms.position(in: room)?.seq
            if kind == .keepsData, let end, end != redis.store.rooms[room]?.top?.seq {
                complain("\(who) ended at \(end)")
            }
            // What was accepted since the room was opened, or since the node last said that something
            // is missing, its clients have heard.
            guard !world.losesData, let order = redis.orders[room] else { continue }
            if let mid = heard.firstLacking(in: order[...]) {
                complain("\(who) never heard \(mid)")
            }
        }
    }

    /// Clients of `chat.v1` hear each message once, in its place, whatever nodes they come back to, or are told
    /// that it is lost to them.
    func expectWholeViews() {
        for person in people {
            for violation in person.violations(redis.orders, keepsData: kind == .keepsData)
            where !redis.unanswered.explains(violation) { complain(violation) }
        }
        let recoveries = people.flatMap(\.views.values).reduce(0) { $0 + $1.recoveries }
        if kind == .keepsData, recoveries == 0 { complain("no client came back to a room") }
    }
}
