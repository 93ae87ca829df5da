import ChatCore
import NIOCore

/// All client groups of a run; usable from any thread.
struct Team: Sendable {
    let plan: BenchPlan
    let groups: [NIOLoopBound<ClientGroup>]

    static func make(on loops: [any EventLoop], _ plan: BenchPlan) async throws -> Team {
        var groups: [NIOLoopBound<ClientGroup>] = []
        for (index, loop) in loops.enumerated() {
            let group = try await loop.submit {
                NIOLoopBound(ClientGroup(on: loop, index: index, plan: plan), eventLoop: loop)
            }.get()
            groups.append(group)
        }
        return Team(plan: plan, groups: groups)
    }

    /// Runs `body` on every group's loop and returns the answers.
    func fromEach<Answer: Sendable>(
        _ body: @escaping @Sendable (ClientGroup) -> Answer
    ) async throws -> [Answer] {
        var answers: [Answer] = []
        for group in groups {
            answers.append(try await group.eventLoop.submit { body(group.value) }.get())
        }
        return answers
    }

    /// Returns the sum over all groups.
    func sum(_ body: @escaping @Sendable (ClientGroup) -> Int) async throws -> Int {
        try await fromEach(body).reduce(0, +)
    }

    /// Returns the reasons of all groups together.
    func reasons(_ body: @escaping @Sendable (ClientGroup) -> Reasons) async throws -> Reasons {
        try await fromEach(body).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
}
