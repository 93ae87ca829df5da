@testable import ChatCore

/// What holds of names at every moment of a run.
extension Simulation {
    /// At most one holder of a name, among nodes that can prove their lease. A login whose user has taken
    /// its name over is told a moment later, and can do nothing meanwhile. If all data is lost before it is told,
    /// its node brings it back, and the user may take the name over from it a second time: then both logins are
    /// the same user's until the lease of the first one's node ends. That node is in an earlier epoch, and Redis
    /// takes nothing from it.
    func expectOneHolder() {
        var holders: [String: Holder] = [:]
        for node in nodes where node.isAlive && node.leaseExpiry > world.now {
            for loop in node.loops {
                for (socket, name) in loop.client.held
                where name.phase == .held && redis.replaced[name.login] == nil {
                    let key = name.username.key
                    let holder = Holder(
                        who: "n\(node.number)/\(loop.index)/\(socket)",
                        login: name.login,
                        epoch: node.member.registration?.epoch
                    )
                    if let other = holders[key], !areOfOneUserAfterLoss(holder, other) {
                        complain("\(key): \(other.who) and \(holder.who)")
                    }
                    holders[key] = holder
                }
            }
        }
    }

    private struct Holder {
        let who: String
        let login: LoginID
        let epoch: Epoch?
    }

    private func areOfOneUserAfterLoss(_ one: Holder, _ other: Holder) -> Bool {
        kind == .losesData && one.epoch != other.epoch
            && redis.firstLogin(of: one.login) == redis.firstLogin(of: other.login)
    }

    /// A login is answered in time: the longest is one that waits for the end of a grace.
    func expectAnswers() {
        let longest = Limits.gracePatience + Limits.publishPatience + .seconds(1)
        for person in people {
            guard person.isServed else {
                person.startWaitingAnew()
                continue
            }
            guard let since = person.waitingSince, world.now > since + longest else { continue }
            complain("\(person.number) has waited since \(since.nanoseconds / 1_000_000) ms")
        }
    }
}
